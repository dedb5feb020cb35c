import { writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { breakwaterContender } from '../breakwater-contender.ts'
import { type Contender, numberIn } from '../contender.ts'
import type { Field } from '../peers/http-contenders.ts'
import { findPeer, type PeerName } from '../peers/peer-tool.ts'

export const connections = 8
export const inFlight = 64

const method = 'bench.Echo/Call'
const proto = `syntax = "proto3";
package bench;
message Empty {}
service Echo { rpc Call(Empty) returns (Empty); }
`

/** Unary calls with an empty message both ways. `url` has no path; `folder` takes the files that all of them read. */
export function grpcField(url: string, seconds: number, folder: string): Field {
  const protoFile = join(folder, 'bench.proto')
  writeFileSync(protoFile, proto)
  const messageFile = join(folder, 'message')
  // Not compressed, no bytes.
  writeFileSync(messageFile, Buffer.alloc(5))
  const peers: readonly Contender[] = [
    {
      name: 'h2load',
      version: null,
      command: () => [
        ...[`-c${connections}`, `-m${inFlight / connections}`, '-t1', '-D', `${seconds}`, '-d', messageFile],
        ...['-H', 'content-type: application/grpc', '-H', 'te: trailers', `${url}/${method}`],
      ],
      read: ({ stdout }) => readH2load(stdout),
    },
    {
      name: 'ghz',
      version: null,
      command: () => [
        ...['--insecure', '--proto', protoFile, '--call', method, '-c', `${inFlight}`],
        ...['--connections', `${connections}`, '-z', `${seconds}s`, '--duration-stop', 'wait'],
        ...['-O', 'summary', new URL(url).host],
      ],
      read: ({ stdout }) => readGhz(stdout),
    },
  ]
  const found = peers.map((peer) => ({ peer, tool: findPeer(peer.name as PeerName) }))
  return {
    contenders: [
      breakwater(url, seconds, protoFile),
      ...found.flatMap(({ peer, tool }): readonly Contender[] =>
        tool === undefined
          ? []
          : [
              {
                ...peer,
                version: tool.version,
                command: (own) => [...tool.command, ...peer.command(own)],
              },
            ],
      ),
    ],
    missing: found.flatMap(({ peer, tool }) => (tool === undefined ? [peer.name as PeerName] : [])),
  }
}

function breakwater(url: string, seconds: number, protoFile: string): Contender {
  const contender = breakwaterContender({
    spec: {
      target: {
        url: url.replace('http:', 'grpc:'),
        grpc: { protos: ['bench.proto'] },
        connections: { max: connections },
      },
      scenarios: [{ name: 'plain', steps: [{ grpc: method, message: {} }] }],
      load: [{ phase: 'all', users: inFlight, duration: `${seconds}s` }],
    },
  })
  return {
    ...contender,
    // Files of a LoadTest lie beside it.
    command(folder) {
      writeFileSync(join(folder, basename(protoFile)), proto)
      return contender.command(folder)
    },
  }
}

export function readH2load(stdout: string): { ok: number; failed: number } {
  return {
    ok: numberIn(stdout, /, (\d+) succeeded/),
    failed: numberIn(stdout, /, (\d+) failed/) + numberIn(stdout, /, (\d+) errored/),
  }
}

export function readGhz(stdout: string): { ok: number; failed: number } {
  const all = numberIn(stdout, /^ {2}Count:\s+(\d+)$/m)
  const ok = Number(/^ {2}\[OK\]\s+(\d+) responses/m.exec(stdout)?.[1] ?? 0)
  return { ok, failed: all - ok }
}
