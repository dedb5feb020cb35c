import test from 'ava'
import { CommanderError } from 'commander'
import { describeFailure } from '../../../cli/failure.ts'
import { BreakwaterError, type ErrorCode, errorCatalogue } from '../../../core/error.ts'

test('an error of the catalogue is one message with its remedy, under its exit code', (t) => {
  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    const failure = describeFailure(new BreakwaterError(code, 'it broke', { hint: 'mend it' }), false)
    t.is(failure.text, 'error: it broke\n  mend it')
    t.deepEqual(failure.document, { error: { code, message: 'it broke', hint: 'mend it' } })
    if (code !== 'stopped') t.is(failure.exitCode, errorCatalogue[code].exit)
  }
})

test('a run stopped before its start was interrupted by the person at the terminal', (t) => {
  t.is(describeFailure(new BreakwaterError('stopped', 'Ctrl-C before the start'), false).exitCode, 130)
})

test('a mistyped flag is wrong usage, with the flag that was meant', (t) => {
  const error = new CommanderError(
    1,
    'commander.unknownOption',
    "error: unknown option '--rat'\n(Did you mean --rate?)",
  )
  const failure = describeFailure(error, false)
  t.is(failure.exitCode, 2)
  t.is(failure.text, "error: unknown option '--rat'\n  Did you mean --rate?")
})

test('help that was asked for is no failure', (t) => {
  const failure = describeFailure(new CommanderError(0, 'commander.helpDisplayed', '(outputHelp)'), false)
  t.deepEqual(failure, { exitCode: 0, text: '', document: null })
})

test('a defect says that it is one, and shows its stack to those who ask', (t) => {
  const defect = new TypeError('x is not a function')
  const failure = describeFailure(defect, false)
  t.is(failure.exitCode, 70)
  t.regex(
    failure.text,
    /defect in breakwater itself: TypeError: x is not a function\n {2}.*BREAKWATER_DEBUG=1/,
  )
  t.notRegex(failure.text, /\n {4}at /)
  t.regex(describeFailure(defect, true).text, /\n {4}at /)
})
