import { existsSync } from 'node:fs'
import { mkdir, open, readdir, rm } from 'node:fs/promises'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { BreakwaterError } from '../../core/error.ts'
import type { HeldRun, NewRun, RunChange, RunStore, StoredRun } from './run-store.ts'

/** Raised by a change of the tables; a file of another format is refused. */
const format = 1
/** Of finished runs nothing is kept but their names, and only so many. */
const mostFinished = 100

const tables = `
  CREATE TABLE run (format INTEGER NOT NULL, name TEXT NOT NULL, submission TEXT NOT NULL, term INTEGER NOT NULL, finished INTEGER NOT NULL);
  CREATE TABLE part (name TEXT PRIMARY KEY, bytes BLOB NOT NULL) WITHOUT ROWID;
  CREATE TABLE snapshot (number INTEGER PRIMARY KEY, bytes BLOB NOT NULL);
  CREATE TABLE event (number INTEGER PRIMARY KEY, text TEXT NOT NULL);
`

/**
 * SQLite, one file for each run: `<folder>/runs/<run>.sqlite`, for its owner's eyes alone. Who holds a run has its file locked by the operating system,
 * which unlocks it when the process is gone.
 */
export function createSqliteRunStore(folder: string): RunStore {
  const runs = path.join(folder, 'runs')
  const fileOf = (run: string) => path.join(runs, `${run}.sqlite`)

  async function newestFirst(): Promise<string[]> {
    const names = await readdir(runs).catch(() => [])
    return names
      .flatMap((name) => /^([\w-]+)\.sqlite$/.exec(name)?.[1] ?? [])
      .sort()
      .reverse()
  }

  async function latest(): Promise<string> {
    for (const run of await newestFirst()) {
      const file = openFile(fileOf(run), run)
      if (file === 'locked') return run
      const row = readRow(file, run)
      file.close()
      if (row !== null && !row.finished) return run
    }
    throw new BreakwaterError('unknown-run', `no run in ${folder} is unfinished`, {
      hint: 'There is nothing to resume. A run that was kept elsewhere is found with --data DIR.',
    })
  }

  return {
    async create(wanted) {
      try {
        await mkdir(runs, { recursive: true, mode: 0o700 })
        await prune(await newestFirst(), fileOf)
        // Made here, so that it is never readable by others, not even before it is filled. SQLite gives its other files the same mode.
        await (await open(fileOf(wanted.run), 'wx', 0o600)).close()
      } catch (cause) {
        throw unusable(folder, cause)
      }
      return createFile(fileOf(wanted.run), wanted)
    },
    async take(wanted) {
      const run = wanted === 'latest' ? await latest() : wanted
      if (!/^[\w-]+$/.test(run) || !existsSync(fileOf(run))) {
        throw unknownRun(run, folder)
      }
      const database = openFile(fileOf(run), run)
      if (database === 'locked') {
        throw new BreakwaterError('run-controlled', `run ${run} is controlled by a process that is alive`, {
          hint: 'Let it go on; or end that process, then resume.',
        })
      }
      const row = readRow(database, run)
      if (row === null || row.finished) {
        database.close()
        if (row === null) throw unknownRun(run, folder)
        throw new BreakwaterError('run-finished', `run ${run} has finished`, {
          hint: 'Its results are written: see the folder that it was given, or breakwater-results.',
        })
      }
      const term = row.term + 1
      database.prepare('UPDATE run SET term = ?').run(term)
      return hold(database, fileOf(run), { run, name: row.name, submission: row.submission }, term)
    },
  }
}

async function createFile(file: string, wanted: NewRun): Promise<HeldRun> {
  const database = openFile(file, wanted.run)
  if (database === 'locked') throw unusable(file, new Error('it is locked'))
  database.exec(`BEGIN; ${tables}`)
  database.prepare('INSERT INTO run VALUES (?, ?, ?, 1, 0)').run(format, wanted.name, wanted.submission)
  database.exec('COMMIT')
  return hold(database, file, wanted, 1)
}

function hold(database: DatabaseSync, file: string, wanted: NewRun, term: number): HeldRun {
  const begin = database.prepare('BEGIN IMMEDIATE')
  const end = database.prepare('COMMIT')
  const putPart = database.prepare('INSERT OR REPLACE INTO part VALUES (?, ?)')
  const putSnapshot = database.prepare('INSERT INTO snapshot (bytes) VALUES (?)')
  const putEvent = database.prepare('INSERT INTO event (text) VALUES (?)')
  const forget = database.prepare('DELETE FROM snapshot')
  const close = () => {
    if (database.isOpen) database.close()
  }
  return {
    ...wanted,
    term,
    async commit({ parts, snapshots, events, isCompact }: RunChange) {
      begin.run()
      try {
        for (const [name, bytes] of parts) putPart.run(name, bytes)
        if (isCompact) forget.run()
        for (const bytes of snapshots) putSnapshot.run(bytes)
        for (const text of events) putEvent.run(text)
        end.run()
      } catch (error) {
        if (database.isTransaction) database.exec('ROLLBACK')
        throw error
      }
    },
    async raise(term) {
      database.prepare('UPDATE run SET term = max(term, ?)').run(term)
    },
    async load(): Promise<StoredRun> {
      return {
        parts: new Map(
          database
            .prepare('SELECT name, bytes FROM part')
            .all()
            .map((row) => [String(row.name), row.bytes as Uint8Array]),
        ),
        snapshots: database
          .prepare('SELECT bytes FROM snapshot ORDER BY number')
          .all()
          .map((row) => row.bytes as Uint8Array),
        events: database
          .prepare('SELECT text FROM event ORDER BY number')
          .all()
          .map((row) => String(row.text)),
      }
    },
    async finish() {
      database.exec(
        "BEGIN; UPDATE run SET finished = 1, submission = '{}'; DELETE FROM part; DELETE FROM snapshot; DELETE FROM event; COMMIT",
      )
      // What was deleted is secret: it must not stay in free pages either.
      database.exec('VACUUM')
      close()
    },
    async discard() {
      close()
      await remove(file)
    },
    async close() {
      close()
    },
  }
}

function openFile(file: string, run: string): DatabaseSync | 'locked' {
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(file, { timeout: 0 })
    // Before the journal's mode, so that no memory is shared and the lock is held from the first word on.
    database.exec('PRAGMA locking_mode = EXCLUSIVE')
    database.exec('PRAGMA journal_mode = WAL')
    database.exec('PRAGMA synchronous = FULL')
    database.exec('BEGIN EXCLUSIVE; COMMIT')
    return database
  } catch (cause) {
    if (database?.isOpen) database.close()
    if (isBusy(cause)) return 'locked'
    throw unusable(`run ${run} in ${path.dirname(file)}`, cause)
  }
}

/** Null: whoever began it died before anything was written. */
function readRow(database: DatabaseSync, run: string) {
  let row: Record<string, unknown> | undefined
  try {
    if (database.prepare("SELECT 1 FROM sqlite_schema WHERE name = 'run'").get() === undefined) return null
    row = database.prepare('SELECT * FROM run').get()
  } catch (cause) {
    database.close()
    throw unusable(`run ${run}`, cause)
  }
  if (row === undefined) return null
  if (row.format !== format) {
    database.close()
    throw unusable(`run ${run}`, new Error('another version of breakwater wrote it'))
  }
  return {
    name: String(row.name),
    submission: String(row.submission),
    term: Number(row.term),
    finished: row.finished === 1,
  }
}

async function prune(runs: readonly string[], fileOf: (run: string) => string): Promise<void> {
  for (const run of runs.slice(mostFinished)) {
    const file = openFile(fileOf(run), run)
    if (file === 'locked') continue
    const row = readRow(file, run)
    file.close()
    if (row === null || row.finished) await remove(fileOf(run))
  }
}

async function remove(file: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '-journal']) await rm(`${file}${suffix}`, { force: true })
}

function unknownRun(run: string, folder: string): BreakwaterError {
  return new BreakwaterError('unknown-run', `there is no run ${run} in ${folder}`, {
    hint: 'Name one that ran with --nats on this machine, or say where it was kept: --data DIR. `latest` is the newest unfinished one.',
  })
}

function isBusy(error: unknown): boolean {
  // SQLITE_BUSY, SQLITE_LOCKED; extended codes carry more above the low byte.
  const code = ((error as { errcode?: number }).errcode ?? 0) & 0xff
  return code === 5 || code === 6
}

function unusable(what: string, cause: unknown): BreakwaterError {
  const why = cause instanceof Error ? cause.message : String(cause)
  return new BreakwaterError('store-unusable', `${what} cannot be used to keep runs: ${why}`, {
    hint: 'Name a folder of this user on a local disk with room: --data DIR.',
    cause,
  })
}
