import test from 'ava'
import { decodeHaltOrder } from '../../../proto/codec.ts'
import { haltToFollow, keepHalt, readKeptHalt } from '../../../proto/kept-halt.ts'

const first = { why: 'w', by: 'ada@box', atMs: 1 }
const second = { why: 'v', by: 'bob@box', atMs: 2 }

/** One key, with its revisions. */
function bucket(beforePut: () => void = () => {}) {
  let entry: { value: Uint8Array; revision: number } | null = null
  return {
    get: async () => entry,
    async put(_key: string, value: Uint8Array, over: number) {
      beforePut()
      if ((entry?.revision ?? 0) !== over) return null
      entry = { value, revision: over + 1 }
      return entry.revision
    },
    write(value: Uint8Array) {
      entry = { value, revision: (entry?.revision ?? 0) + 1 }
    },
  }
}

test('the first halt stays until it is lifted, and what lifted it says which one that was', async (t) => {
  const kept = bucket()
  t.is(await readKeptHalt(kept), null)
  t.true(await keepHalt(kept, null), 'there is nothing to lift')
  t.is(await readKeptHalt(kept), null)
  t.true(await keepHalt(kept, first))
  t.true(await keepHalt(kept, second))
  t.deepEqual(await readKeptHalt(kept), { halt: first })
  t.true(await keepHalt(kept, null))
  t.deepEqual(await readKeptHalt(kept), { halt: null, lifted: first })
  t.true(await keepHalt(kept, second))
  t.deepEqual(await readKeptHalt(kept), { halt: second })
})

test('who orders while another one writes looks again, and gives up when that never ends', async (t) => {
  const other = await orderOf(second)
  let writes = 1
  const kept = bucket(() => {
    if (writes-- > 0) kept.write(other)
  })
  t.true(await keepHalt(kept, first))
  t.deepEqual(await readKeptHalt(kept), { halt: second })
  const busy = bucket(() => busy.write(lifted))
  const lifted = await orderOf(null)
  t.false(await keepHalt(busy, first))
})

test('a worker obeys what is kept, and is freed of that halt alone which was lifted', (t) => {
  t.is(haltToFollow(null, first), undefined)
  t.deepEqual(haltToFollow({ halt: first }, null), first)
  t.is(haltToFollow({ halt: null }, first), undefined)
  t.is(haltToFollow({ halt: null, lifted: first }, first), null)
  t.is(haltToFollow({ halt: null, lifted: first }, second), undefined)
  t.is(haltToFollow({ halt: null, lifted: first }, null), undefined)
})

async function orderOf(halt: typeof first | null): Promise<Uint8Array> {
  const kept = bucket()
  if (halt === null) {
    await keepHalt(kept, first)
    await keepHalt(kept, null)
  } else await keepHalt(kept, halt)
  const value = (await kept.get())?.value ?? new Uint8Array()
  decodeHaltOrder(value)
  return value
}
