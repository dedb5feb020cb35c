/**
 * The import law. Paths are relative to the root of the house, so the same rules run on any tree laid out like it.
 * Each rule's comment is what a person who broke it reads.
 */

const npm = (...names) => `(^|/)node_modules/(${names.join('|')})/`
const production = '^(core|proto|bus|worker|controller|cli)/'

/** Data flows from each stage of core to those behind it: none knows what comes after it. */
const stages = ['spec', 'schedule', 'plan', 'measure', 'scenario', 'verdict', 'report']

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...stages.slice(0, -1).map((stage, index) => ({
      name: `${stage}-knows-nothing-behind-it`,
      comment: `Data flows ${stages.join(' → ')}: what ${stage} needs of a later stage belongs to ${stage}.`,
      severity: 'error',
      from: { path: `^core/${stage}/` },
      to: { path: `^core/(${stages.slice(index + 1).join('|')})/` },
    })),
    {
      name: 'core-is-closed',
      comment:
        'core imports only core and the libraries of the design; no node: builtins, so that it runs in a browser too.',
      severity: 'error',
      from: { path: '^core/' },
      to: {
        pathNot: [
          '^core/',
          npm(
            'zod',
            'yaml',
            'hdr-histogram-js',
            'fflate',
            're2js',
            '@noble/hashes',
            'css-what',
            'htmlparser2',
          ),
        ],
      },
    },
    {
      name: 'reading-libraries-in-spec',
      comment:
        'Inside core, zod, yaml, re2js and css-what belong to core/spec: everything behind it trusts its types.',
      severity: 'error',
      from: { path: '^core/', pathNot: '^core/spec/' },
      to: { path: npm('zod', 'yaml', 're2js', 'css-what') },
    },
    {
      name: 'one-histogram-file',
      comment: 'hdr-histogram-js is wrapped by core/measure/histogram.ts alone.',
      severity: 'error',
      from: { path: production, pathNot: '^core/measure/histogram\\.ts$' },
      to: { path: npm('hdr-histogram-js') },
    },
    {
      name: 'compression-in-measure',
      comment: 'Inside core, fflate (zlib of histogram payloads) belongs to core/measure.',
      severity: 'error',
      from: { path: '^core/', pathNot: '^core/measure/' },
      to: { path: npm('fflate') },
    },
    {
      name: 'scenario-libraries',
      comment: 'Inside core, @noble/hashes and htmlparser2 belong to core/scenario.',
      severity: 'error',
      from: { path: '^core/', pathNot: '^core/scenario/' },
      to: { path: npm('@noble/hashes', 'htmlparser2') },
    },
    {
      name: 'proto-knows-core-alone',
      comment: 'proto is the contract on the wire: it imports core and itself.',
      severity: 'error',
      from: { path: '^proto/' },
      to: { path: '^(bus|worker|controller|cli|dashboard|examples|scripts|deploy)/' },
    },
    {
      name: 'bus-is-closed',
      comment: 'bus carries bytes: it imports nothing of the house but the errors that users see.',
      severity: 'error',
      from: { path: '^bus/' },
      to: {
        path: '^(core|proto|worker|controller|cli|dashboard|examples|scripts|deploy)/',
        pathNot: '^core/error\\.ts$',
      },
    },
    {
      name: 'worker-is-apart',
      comment: 'worker imports core, proto and bus; what it says to the controller goes over the bus.',
      severity: 'error',
      from: { path: '^worker/' },
      to: { path: '^(controller|cli|dashboard|examples|scripts|deploy)/' },
    },
    {
      name: 'controller-is-apart',
      comment: 'controller imports core, proto and bus; what it says to workers goes over the bus.',
      severity: 'error',
      from: { path: '^controller/' },
      to: { path: '^(worker|cli|dashboard|examples|scripts|deploy)/' },
    },
    {
      name: 'engine-behind-its-port',
      comment:
        'worker/engine reaches transports through worker/engine/transport-port.ts; they are handed to it.',
      severity: 'error',
      from: { path: '^worker/engine/' },
      to: { path: '^worker/transport/' },
    },
    {
      name: 'decide-is-pure',
      comment: 'controller/kubernetes/decide.ts is pure: it imports only core and its own folder.',
      severity: 'error',
      from: { path: '^controller/kubernetes/decide\\.ts$' },
      to: { pathNot: ['^core/', '^controller/kubernetes/'] },
    },
    {
      name: 'generated-code-behind-codec',
      comment: 'proto/gen is imported by proto alone: everyone else speaks the types of the codec.',
      severity: 'error',
      from: { pathNot: '^proto/' },
      to: { path: '^proto/gen/' },
    },
    {
      name: 'tests-are-leaves',
      comment: 'Nothing imports from test/ but test/.',
      severity: 'error',
      from: { pathNot: '^test/' },
      to: { path: '^test/' },
    },
    {
      name: 'no-development-libraries',
      comment: 'What ships imports only what is listed under `dependencies` in package.json.',
      severity: 'error',
      from: { path: production },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'] },
    },
    {
      name: 'late-libraries-by-a-file',
      comment:
        'What is loaded when it is needed is a file of the house, which imports the library: of a library in CommonJS that is loaded itself the bundle of the build has nothing but a default export.',
      severity: 'error',
      from: { path: production },
      to: { dynamic: true, path: npm('.+') },
    },
    {
      name: 'no-circles',
      comment: 'Arrows run one way. Move what both files need into a third.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^dist/' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.mjs'],
    },
  },
}
