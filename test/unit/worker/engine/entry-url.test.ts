import test from 'ava'
import { entryUrl } from '../../../../worker/engine/entry-url.ts'

test('an entry has the extension of the module that names it', (t) => {
  t.is(entryUrl('thread', 'file:///house/worker/main.ts').href, 'file:///house/worker/thread.ts')
  t.is(entryUrl('thread', 'file:///house/dist/worker/main.js').href, 'file:///house/dist/worker/thread.js')
})
