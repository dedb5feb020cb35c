import { errorCatalogue } from '../../core/error.ts'
import { requestErrorMeanings } from '../../core/measure/request-error.ts'
import { grpcCodes } from '../../core/spec/grpc-codes.ts'
import { bareJsonSchema } from '../../core/spec/json-schema.ts'
import { objectiveGrammar, objectiveMetrics } from '../../core/spec/objective-metrics.ts'
import { mostPhases, mostPhasesAtOnce } from '../../core/spec/phases.ts'
import { inputBounds } from '../../core/spec/plain-input.ts'
import { quantityUnits } from '../../core/spec/quantity-units.ts'
import { matcherDescription } from '../../core/spec/schema-answer.ts'
import type { SchemaNode } from '../../core/spec/schema-editor.ts'
import { mostSteps } from '../../core/spec/step-outline.ts'
import { templateFunctions } from '../../core/spec/template-functions.ts'
import { anchorOf, type PageSection, pageText } from './markdown-page.ts'
import {
  code,
  defaultText,
  type FieldWalk,
  fieldsOf,
  mapsIn,
  type ReferenceField,
  yamlText,
} from './reference-fields.ts'
import { type FieldSection, fieldSections, sameAs, stepGroups } from './reference-sections.ts'

export const loadTestReferencePath = 'docs/reference/loadtest.md'

/** Every field of the language and what its values may be, made from the schema that validates and from the tables that are read. */
export function loadTestReferenceFiles(): ReadonlyMap<string, string> {
  return new Map([[loadTestReferencePath, loadTestReference()]])
}

function loadTestReference(): string {
  const schema = bareJsonSchema()
  const sections = new Set([...fieldSections.map(({ place }) => place), ...Object.keys(sameAs)])
  const walk: FieldWalk = { sections, linkOf }
  const seen = new Set<string>()
  const pages = fieldSections.map((section) => fieldPage(section, schema, walk, seen))
  refuseUnseen(schema, seen)
  return pageText({
    title: 'Reference of the LoadTest',
    lead: [
      'Every field of the language. Made by `npm run generate` from the schema that validates: what stands here is what this version takes. The [guide](../guide/loadtest.md) explains how the parts work together, and',
      'your editor shows the same while you type ([how](../guide/loadtest.md#in-an-editor)).',
      '',
      'A field without a default may be left out, and nothing stands in its place. Fields within a map follow it with a dot, `[]` is any item of a list, `*` any key.',
    ],
    sections: [...pages, ...valueSections(), ...errorSections()],
  })
}

function fieldPage(
  section: FieldSection,
  schema: SchemaNode,
  walk: FieldWalk,
  seen: Set<string>,
): PageSection {
  const { title, place, intro } = section
  const node = nodeAt(schema, place)
  const prefix = place === 'spec' ? '' : place
  const own = { ...walk, sections: new Set([...walk.sections].filter((one) => one !== place)) }
  const maps = mapsIn(node)
  const groups =
    place === 'Step'
      ? groupsOf(fieldsOf(node, prefix, '', own))
      : maps.length > 1 && section.isMerged !== true
        ? maps.map((map) => ({ title: formTitle(map), fields: fieldsOf(map, prefix, '', own) }))
        : [{ title: '', fields: distinct(fieldsOf(node, prefix, '', own), section.isMerged === true) }]
  for (const { fields } of groups) for (const field of fields) seen.add(field.place)
  return {
    title,
    level: section.level,
    body: [...(intro === undefined ? [] : [intro]), ...(section.example ?? [])],
    tables: groups.map(({ title, fields }) => ({
      title,
      heads: ['field', 'type', 'default', 'meaning'],
      rows: fields.map(fieldRow),
    })),
  }
}

/** A cell is no place for a whole test. */
const longestExample = 150

/** Of alternatives that share fields, each once; none of them is required where another one may be written. */
function distinct(fields: readonly ReferenceField[], isMerged: boolean): readonly ReferenceField[] {
  if (!isMerged) return fields
  const first = new Map(fields.toReversed().map((field) => [field.place, { ...field, isRequired: false }]))
  return fields.flatMap((field) => {
    const found = first.get(field.place)
    first.delete(field.place)
    return found ?? []
  })
}

function fieldRow(field: ReferenceField): readonly string[] {
  const { name, type, description, examples } = field
  const key = name.split('.').at(-1)?.replace('[]', '') ?? name
  const shown = examples
    .map((example) => `${key}: ${yamlText(example)}`)
    .filter((text) => text.length <= longestExample)
    .map(code)
    .join('<br>')
  // Matchers have a section of their own.
  const meaning = description.replace(` ${matcherDescription}`, '')
  return [code(name), type, defaultText(field), `${meaning}${shown === '' ? '' : `<br>${shown}`}`]
}

/** Steps have many fields, most of them of one kind of step. */
function groupsOf(fields: readonly ReferenceField[]) {
  const keyOf = ({ name }: ReferenceField) => name.split(/[.[]/)[0] ?? name
  const grouped = stepGroups.map(({ title, keys }) => ({
    title,
    fields: keys.flatMap((key) => fields.filter((field) => keyOf(field) === key)),
  }))
  const known = new Set(stepGroups.flatMap(({ keys }) => keys))
  const rest = fields.filter((field) => !known.has(keyOf(field)))
  return rest.length === 0 ? grouped : [...grouped, { title: 'More', fields: rest }]
}

function formTitle(map: SchemaNode): string {
  const required = Array.isArray(map.required) ? map.required.map(String) : []
  return code(`{ ${(required.length > 0 ? required : Object.keys(map.properties ?? {})).join(', ')} }`)
}

function nodeAt(schema: SchemaNode, place: string): SchemaNode {
  const [first = '', ...rest] = place === '' ? [] : place.replaceAll('[]', '.[]').split('.')
  const definitions = schema.$defs as Readonly<Record<string, SchemaNode>>
  const spec = stepInto(schema, 'spec')
  const start =
    definitions[first] ?? (place === '' ? schema : first === 'spec' ? spec : stepInto(spec, first))
  return rest.reduce(stepInto, start)
}

function stepInto(node: SchemaNode, key: string): SchemaNode {
  const alternatives: readonly SchemaNode[] = Array.isArray(node.anyOf) ? node.anyOf : [node]
  for (const one of alternatives) {
    const found =
      key === '[]'
        ? one.items
        : key === '*'
          ? one.additionalProperties
          : (one.properties as Readonly<Record<string, SchemaNode>> | undefined)?.[key]
    if (typeof found === 'object' && found !== null) return found as SchemaNode
  }
  throw new Error(`the reference has a section for ${key}, which the schema does not know`)
}

/** A field that no section shows would be missing, and nobody would notice. */
function refuseUnseen(schema: SchemaNode, seen: ReadonlySet<string>): void {
  const { spec, ...file } = schema.properties as Readonly<Record<string, SchemaNode>>
  const definitions = schema.$defs as Readonly<Record<string, SchemaNode>>
  const walk: FieldWalk = { sections: new Set(Object.keys(sameAs)), linkOf: () => '' }
  const all = [
    ...fieldsOf({ properties: file }, '', '', walk),
    ...fieldsOf(spec as SchemaNode, '', '', walk),
    ...Object.entries(definitions).flatMap(([name, node]) => fieldsOf(node, name, name, walk)),
  ]
  const missing = [...new Set(all.map(({ place }) => place))].filter((place) => !seen.has(place))
  if (missing.length > 0) {
    throw new Error(
      `no section of the reference shows ${missing.join(', ')}: see scripts/generators/reference-sections.ts`,
    )
  }
}

function linkOf(place: string): string {
  const same = sameAs[place]
  const section = fieldSections.find((one) => one.place === (same ?? place))
  if (section !== undefined) return `[${section.word ?? section.title}](#${anchorOf(section.title)})`
  return place === 'Steps' ? 'list of [steps](#steps)' : place
}

function valueSections(): readonly PageSection[] {
  return [
    {
      title: 'Quantities',
      level: 2,
      body: [],
      tables: [
        {
          title: '',
          heads: ['what', 'units', 'bounds', 'examples'],
          rows: quantityUnits.map(({ what, units, bounds, examples }) => [
            what,
            units,
            bounds,
            examples.map(code).join(', '),
          ]),
        },
      ],
    },
    {
      title: 'Templates',
      level: 2,
      body: [
        'Text may have holes: `${name}` is a variable, a capture or the name of a loop, `${users.name}` a column of a data source, `${setup.name}` what set-up captured, `${uuid()}` a function. A template that is the whole value keeps its type; `$${` is a literal `${`.',
      ],
      tables: [
        {
          title: '',
          heads: ['function', 'gives', 'example'],
          rows: Object.values(templateFunctions).map(({ usage, description, example }) => [
            code(usage),
            description,
            code(`\${${example}}`),
          ]),
        },
      ],
    },
    {
      title: 'Objectives as text',
      level: 2,
      body: [
        '```text',
        ...objectiveGrammar.split('\n'),
        '```',
        '',
        'The first slash splits; names with `/ @ , ( ) "` in them stand in quotes. `ok` leaves out failed requests.',
      ],
      tables: [
        {
          title: '',
          heads: ['metric', 'of', 'limit', 'example'],
          rows: objectiveMetrics.map(({ names, of, limit, example }) => [names, of, limit, code(example)]),
        },
      ],
    },
    {
      title: 'Bounds of a file',
      level: 2,
      body: [],
      tables: [
        {
          title: '',
          heads: ['what', 'at most'],
          rows: [
            ['text', `${inputBounds.bytes / 1024 / 1024} MiB`],
            ['values', inputBounds.values.toLocaleString('en-US')],
            ['depth', `${inputBounds.depth}`],
            ['steps, those of flows wherever they are used', `${mostSteps}`],
            ['phases', `${mostPhases}, of which ${mostPhasesAtOnce} may run at once`],
          ],
        },
      ],
    },
  ]
}

function errorSections(): readonly PageSection[] {
  return [
    {
      title: 'Errors of requests',
      level: 2,
      body: [
        'Failures are counted under these names, in reports and in `result.json`. What to do about them: [troubleshooting.md](../guide/troubleshooting.md#errors-of-requests).',
      ],
      tables: [
        {
          title: '',
          heads: ['name', 'meaning'],
          rows: [
            ...Object.entries(requestErrorMeanings).map(([name, meaning]) => [code(name), meaning]),
            [
              '`grpc_<CODE>`',
              `A gRPC status that was not wanted: ${grpcCodes.slice(1).map(code).join(', ')}.`,
            ],
          ],
        },
      ],
    },
    {
      title: 'Errors of commands',
      level: 2,
      body: ['With `--json`, they stand in the document on standard output.'],
      tables: [
        {
          title: '',
          heads: ['code', 'exit', 'meaning'],
          rows: Object.entries(errorCatalogue).map(([name, { exit, meaning }]) => [
            code(name),
            `${exit}`,
            meaning,
          ]),
        },
      ],
    },
  ]
}
