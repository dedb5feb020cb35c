import { matcherForms } from '../../core/spec/matcher-forms.ts'
import { code, yamlText } from './reference-fields.ts'

/** A part of the language with a section of its own. */
export interface FieldSection {
  /** Below `spec`; '' is the file itself, and parts that several fields share go by their name. */
  readonly place: string
  readonly title: string
  /** What other sections call it, in the singular. */
  readonly word?: string
  readonly level: 2 | 3
  /** Its alternatives stand in one table: they are told apart by one key each. */
  readonly isMerged?: boolean
  readonly intro?: string
  readonly example?: readonly string[]
}

/** Places that look like another one. */
export const sameAs: Readonly<Record<string, string>> = {
  'targets.*': 'target',
  'Step.until': 'Step.check',
  'Step.think': 'scenarios[].think',
  'Step.multipart.*[]': 'Step.multipart.*',
  'Matcher.not': 'Matcher',
  'Step.check.css.*.not': 'Matcher',
  'Step.if.not': 'Step.if',
}

export const fieldSections: readonly FieldSection[] = [
  {
    place: '',
    title: 'The file',
    level: 2,
    intro: 'One YAML file (JSON is YAML too) with these four keys, and everything else below `spec`.',
  },
  {
    place: 'spec',
    title: 'spec',
    level: 2,
    intro: '`target`, `scenarios` and `load` make a test; the rest has defaults.',
  },
  { place: 'target', title: 'target', word: 'target', level: 2 },
  {
    place: 'variables.*',
    title: 'variables',
    word: 'variable',
    level: 2,
    intro:
      'Text, a number, `true`, `false`, `null`, a list, something [from the environment](#from-the-environment) or [from a secret](#from-a-secret), or a map:',
  },
  { place: 'Environment', title: 'From the environment', word: 'environment variable', level: 3 },
  { place: 'Secret', title: 'From a secret', word: 'secret', level: 3 },
  { place: 'data.*', title: 'data', word: 'data source', level: 2 },
  { place: 'scenarios[]', title: 'scenarios', word: 'scenario', level: 2 },
  {
    place: 'scenarios[].think',
    title: 'Pauses',
    word: 'pause',
    level: 3,
    intro: 'A [duration](#quantities), two of them as a range (`200ms..1s`), or a distribution:',
  },
  {
    place: 'Step',
    title: 'Steps',
    word: 'step',
    level: 2,
    intro:
      'A step does one thing: a request, a pause, or something with other steps. What it does is said by one of its keys; which other keys may stand beside it follows from that.',
  },
  {
    place: 'Step.check',
    title: 'Checks',
    word: 'check',
    level: 3,
    intro: 'Each must hold, else the request fails. Their values are [matchers](#matchers).',
  },
  {
    place: 'Step.check.css.*',
    title: 'Checks of elements',
    word: 'element check',
    level: 3,
    isMerged: true,
    intro: 'A [matcher](#matchers) of the text of the first element, or of something else about it:',
  },
  {
    place: 'Matcher',
    title: 'Matchers',
    word: 'matcher',
    level: 3,
    isMerged: true,
    intro: 'A value, text in a short form, or a map:',
    example: [
      '',
      '| written | means |',
      '|---|---|',
      ...matcherForms.map(({ write, means }) => `| ${code(yamlText(write))} | ${means} |`),
    ],
  },
  {
    place: 'Step.multipart.*',
    title: 'Parts of a multipart body',
    word: 'part',
    level: 3,
    intro: 'Text, a number, `true` or `false`, a list of parts, or a map:',
  },
  {
    place: 'Step.if',
    title: 'Conditions',
    word: 'condition',
    level: 3,
    intro: 'Of a variable, a capture or a column: one comparison, or `not`.',
  },
  {
    place: 'Step.capture.*',
    title: 'Captures',
    word: 'capture',
    level: 3,
    intro: 'By the name that later templates use.',
  },
  {
    place: 'load[]',
    title: 'load',
    word: 'phase',
    level: 2,
    intro: 'Phases follow each other, unless `at` says otherwise.',
  },
  {
    place: 'load[].rate',
    title: 'Rates over time',
    word: 'rate over time',
    level: 3,
    intro: 'A constant [rate](#quantities), or a shape:',
  },
  { place: 'limits', title: 'limits', level: 2 },
  { place: 'workers', title: 'workers', level: 2 },
  {
    place: 'objectives[]',
    title: 'objectives',
    word: 'objective',
    level: 2,
    intro: 'A rule [as text](#objectives-as-text), or a map:',
  },
]

export const stepGroups: readonly { readonly title: string; readonly keys: readonly string[] }[] = [
  {
    title: 'HTTP requests',
    keys: ['get', 'post', 'put', 'patch', 'delete', 'head', 'options', 'query', 'headers', 'followRedirects'],
  },
  { title: 'Bodies, one of them', keys: ['json', 'form', 'text', 'multipart', 'body'] },
  { title: 'Of every request', keys: ['name', 'target', 'timeout', 'check', 'capture', 'onError'] },
  { title: 'gRPC calls', keys: ['grpc', 'message', 'messages', 'between', 'metadata', 'deadline'] },
  { title: 'WebSockets', keys: ['ws'] },
  { title: 'Server-sent events', keys: ['sse'] },
  { title: 'Pauses and flows', keys: ['think', 'use'] },
  {
    title: 'Groups, loops and branches',
    keys: ['group', 'repeat', 'forEach', 'if', 'then', 'else', 'choose', 'steps', 'as'],
  },
  { title: 'Polls', keys: ['poll', 'until', 'every', 'max'] },
]
