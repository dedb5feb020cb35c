import { BlockList, isIP } from 'node:net'

/** Whether an address lies in one network at least of each of these lists. */
export function isWithin(address: string, lists: readonly (readonly string[])[]): boolean {
  const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
  return lists.every((networks) => blockOf(networks).check(address, family))
}

/** False: it is no network and no address. */
export function isNetwork(text: string): boolean {
  try {
    add(new BlockList(), text)
    return true
  } catch {
    return false
  }
}

const blocks = new WeakMap<readonly string[], BlockList>()

function blockOf(networks: readonly string[]): BlockList {
  let block = blocks.get(networks)
  if (block === undefined) {
    block = new BlockList()
    for (const network of networks) add(block, network)
    blocks.set(networks, block)
  }
  return block
}

function add(block: BlockList, text: string): void {
  const [address = '', prefix, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0 || (prefix !== undefined && !/^\d{1,3}$/.test(prefix)))
    throw new Error('no network')
  const type = family === 6 ? 'ipv6' : 'ipv4'
  if (prefix === undefined) block.addAddress(address, type)
  else block.addSubnet(address, Number(prefix), type)
}
