import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { parentPort } from 'node:worker_threads'
import { createAnswering } from './calibration/null-answers.ts'

if (parentPort === null) throw new Error('null-server-main is the entry of a thread')

const server = createServer({ noDelay: true }, (socket) => {
  const answer = createAnswering()
  socket.on('data', (bytes) => {
    const answers = answer(bytes)
    if (answers.length > 0) socket.write(answers)
  })
  // A generator that is interrupted resets its connections.
  socket.on('error', () => socket.destroy())
})
server.listen({ host: '127.0.0.1', port: 0, backlog: 4096 })
await once(server, 'listening')
parentPort.postMessage((server.address() as AddressInfo).port)
