// Plain JavaScript for the machine's own Node: `npm run quickstart` has installed the packages before.
// Starts the demo target, runs examples/quickstart.yaml against it with three workers, and ends the demo.
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const root = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')
const breakwater = path.join(root, 'bin/breakwater')
const written = 'http://127.0.0.1:8080'

const port = (await isTaken(8080)) ? 0 : 8080
// In a group of its own: Ctrl-C is for the run, which still needs its target while it drains.
const demo = spawn(
  process.execPath,
  [breakwater, 'demo', '--listen', `127.0.0.1:${port}`, '--servers', '8', '--json'],
  {
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  },
)
// Also where this script ends in the middle of it.
process.on('exit', () => demo.kill('SIGTERM'))

const { url } = await documentOf(demo)
console.log(`The demo target is at ${url}: 8 servers behind one queue, 5 ms of work a request.`)
console.log('Running examples/quickstart.yaml with three workers; it takes 23 s.\n')

const copies = mkdtempSync(path.join(tmpdir(), 'breakwater-quickstart-'))
const run = spawn(process.execPath, [breakwater, 'run', fileFor(url), '--workers', '3'], {
  cwd: root,
  stdio: 'inherit',
})
// The terminal's Ctrl-C reaches the run by itself; it ends in its own time.
process.on('SIGINT', () => {})
process.on('SIGTERM', () => run.kill('SIGTERM'))
process.exitCode = await exitOf(run)
rmSync(copies, { recursive: true })
// A child that runs keeps this process alive: waiting for its exit would be waiting for our own.
demo.kill('SIGTERM')

/** The example as it is; with another port where 8080 is taken. */
function fileFor(url) {
  const example = 'examples/quickstart.yaml'
  if (url === written) return example
  const file = path.join(copies, 'quickstart.yaml')
  writeFileSync(file, readFileSync(path.join(root, example), 'utf8').replace(written, url))
  return file
}

function isTaken(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}

/** The one document that a command says with --json, as soon as it is whole. */
function documentOf(child) {
  return new Promise((resolve, reject) => {
    let text = ''
    child.stdout.setEncoding('utf8')
    child.stdout.on('data', (chunk) => {
      text += chunk
      if (text.endsWith('}\n')) resolve(JSON.parse(text))
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the demo target ended with ${code}`)))
  })
}

function exitOf(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(signal === null ? code : 1))
  })
}
