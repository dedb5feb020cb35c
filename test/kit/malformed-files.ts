/** LoadTests that nobody may run, each with every issue it has: path and code, in the order of the text. */
export interface MalformedFile {
  readonly title: string
  readonly text: string
  readonly issues: readonly (readonly [path: string, code: string])[]
  /** Where it is found: in the text, or when its files are looked for. */
  readonly found: 'parse' | 'files' | 'environment'
}

const sound = {
  target: 'url: http://127.0.0.1:9',
  scenarios: '- { name: browse, steps: [ { get: / } ] }',
  load: '- { phase: steady, rate: 10, duration: 1s }',
}

/** A sound LoadTest with some parts of its `spec` replaced or added. */
export function specText(parts: Readonly<Record<string, string>> = {}): string {
  const spec = Object.entries({ ...sound, ...parts }).map(
    ([key, text]) => `  ${key}:\n${text.replace(/^/gm, '    ')}`,
  )
  return `apiVersion: breakwater.dev/v1\nkind: LoadTest\nmetadata: { name: test }\nspec:\n${spec.join('\n')}\n`
}

const steps = (text: string) =>
  specText({ scenarios: `- name: browse\n  steps:\n${text.replace(/^/gm, '    ')}` })
const call = 'scenarios[0].steps[0]'
const calls = (text: string) =>
  specText({
    target: 'url: grpc://127.0.0.1:9\ngrpc: { protos: [shop.proto] }',
    scenarios: `- { name: a, steps: [ { grpc: shop.v1.Cart/Watch, ${text} } ] }`,
  })
const load = (text: string) => specText({ load: text })
const objective = (text: string) => specText({ objectives: `- ${text}` })

type Row = readonly [title: string, text: string, ...issues: (readonly [path: string, code: string])[]]

const inText: readonly Row[] = [
  ['nothing', '', ['', 'empty']],
  ['comments alone', '# later\n', ['', 'empty']],
  ['a list', '- a\n- b\n', ['', 'wrong-type']],
  ['an unclosed bracket', 'spec: { target: [1, 2\n', ['', 'yaml-syntax'], ['', 'yaml-syntax']],
  ['a tab as indentation', 'spec:\n\ttarget: 1\n', ['', 'yaml-syntax']],
  [
    'a key that stands twice',
    specText().replace('kind:', 'kind: LoadTest\nkind:'),
    ['kind', 'duplicate-key'],
  ],
  ['two documents', `${specText()}---\n${specText()}`, ['', 'several-documents']],
  ['an alias that names nothing', 'a: *nowhere\n', ['', 'yaml-syntax']],
  ['an alias bomb', aliasBomb(), ['', 'too-many-aliases']],
  [
    'hundreds of aliases',
    Array.from({ length: 201 }, (_, i) => `- &a${i} x\n- *a${i}\n`).join(''),
    ['', 'too-many-aliases'],
  ],
  ['more than 1 MiB', `# ${'x'.repeat(2 * 1024 * 1024)}\n${specText()}`, ['', 'too-large']],
  ['brackets without end', '['.repeat(100_000), ['', 'too-deep']],
  ['indentation without end', nest(3000), ['', 'too-deep']],
  [
    'a prototype key',
    specText({ variables: '__proto__: { admin: true }' }),
    ['variables.__proto__', 'forbidden-key'],
  ],
  [
    'a constructor key',
    steps('- { post: /, json: { constructor: 1 } }'),
    ['scenarios[0].steps[0].json.constructor', 'forbidden-key'],
  ],
  ['not a number', specText({ variables: 'x: .nan' }), ['variables.x', 'not-json']],
  [
    'the spec without its envelope',
    'target: { url: http://h }\nload: []\n',
    ['apiVersion', 'missing'],
    ['kind', 'missing'],
    ['metadata', 'missing'],
    ['spec', 'missing'],
    ['target', 'unknown-key'],
    ['load', 'unknown-key'],
  ],
  [
    'a name that leaves its folder',
    specText().replace('name: test', 'name: ../../etc'),
    ['metadata.name', 'wrong-format'],
  ],
  ['another version', specText().replace('/v1', '/v9'), ['apiVersion', 'unknown-value']],
  [
    'no scenarios and no load',
    specText({ scenarios: '[]', load: '[]' }),
    ['scenarios', 'out-of-range'],
    ['load', 'out-of-range'],
  ],
  [
    'a port out of range',
    specText({ target: 'url: http://127.0.0.1:99999' }),
    ['target.url', 'out-of-range'],
  ],
  ['no URL', specText({ target: 'url: shop' }), ['target.url', 'wrong-url']],
  ['a scheme nobody speaks', specText({ target: 'url: ftp://shop.test' }), ['target.url', 'wrong-url']],
  [
    'a password in the URL',
    specText({ target: 'url: http://me:secret@shop.test' }),
    ['target.url', 'credentials-in-url'],
  ],
  [
    'secrets whose names lead out of their folder',
    specText({
      variables:
        'a: { secret: .., key: passwd }\nb: { secret: shop, key: ../../etc/passwd }\nc: { secret: shop }',
    }),
    ['variables.a.secret', 'wrong-format'],
    ['variables.b.key', 'wrong-format'],
    ['variables.c.key', 'missing'],
  ],
  [
    'two ways to authenticate, and none',
    specText({
      target: 'url: http://h\nauth: { bearer: x, basic: { user: a, password: b } }',
      targets: 'media: { url: http://m, auth: {} }',
    }),
    ['target.auth', 'conflict'],
    ['targets.media.auth', 'missing'],
  ],
  [
    'credentials that cannot be sent',
    specText({
      target:
        'url: http://h\nauth: { oauth2: { tokenUrl: "ftp://me:pw@h/t", clientId: "${id}", clientSecret: { env: "a b" } } }',
      targets: 'media: { url: http://m, auth: { basic: { user: "a:b", password: "${nowhere}" } } }',
    }),
    ['target.auth.oauth2.tokenUrl', 'wrong-url'],
    ['target.auth.oauth2.clientId', 'template-in-constant'],
    ['target.auth.oauth2.clientSecret.env', 'wrong-format'],
    ['targets.media.auth.basic.user', 'wrong-format'],
    ['targets.media.auth.basic.password', 'unknown-name'],
  ],
  [
    'a token for which nobody knows whom to ask',
    specText({ target: 'url: http://h\nauth: { oauth2: { clientId: a, refreshBefore: 60 } }' }),
    ['target.auth.oauth2.tokenUrl', 'missing'],
    ['target.auth.oauth2.clientSecret', 'missing'],
    ['target.auth.oauth2.refreshBefore', 'wrong-unit'],
  ],
  [
    'a timeout without a unit and a misspelt key',
    specText({ target: 'url: http://h\ntimeout: 10\ntiemout: 5s' }),
    ['target.timeout', 'wrong-unit'],
    ['target.tiemout', 'unknown-key'],
  ],
  [
    'a file outside the folder',
    specText({ target: 'url: https://h\ntls: { ca: { file: ../ca.pem } }' }),
    ['target.tls.ca.file', 'wrong-file'],
  ],
  [
    'an unknown key below a key beside it',
    specText({ target: 'url: ftp://h\ntls: { serverNme: x }' }),
    ['target.url', 'wrong-url'],
    ['target.tls.serverNme', 'unknown-key'],
  ],
  [
    'TLS on plain HTTP',
    specText({ target: 'url: http://h\ntls: { insecureSkipVerify: true }' }),
    ['target.tls', 'conflict'],
  ],
  [
    'a step to a target that nobody defined',
    steps('- { get: /, target: media }'),
    ['scenarios[0].steps[0].target', 'unknown-name'],
  ],
  [
    'targets with wrong parts',
    specText({
      targets:
        'a: { url: ftp://h, timeuot: 1s }\nb: { url: http://h, headers: { x: "${nobody}" } }\nc: { url: http://h, tls: { ca: { file: /etc/ca.pem } } }',
    }),
    ['targets.a.url', 'wrong-url'],
    ['targets.a.timeuot', 'unknown-key'],
    ['targets.b.headers.x', 'unknown-name'],
    ['targets.c.tls', 'conflict'],
    ['targets.c.tls.ca.file', 'wrong-file'],
  ],
  [
    'a call to an HTTP target, and a request to a gRPC one',
    specText({
      targets: 'calls: { url: grpc://h, grpc: { reflection: true } }',
      scenarios:
        '- name: a\n  steps: [ { grpc: a.B/C }, { get: /, target: calls }, { grpc: a.B/C, target: calls } ]',
    }),
    ['scenarios[0].steps[0]', 'conflict'],
    ['scenarios[0].steps[1]', 'conflict'],
  ],
  [
    'a gRPC endpoint of another scheme, and one of a gRPC target',
    specText({
      target: 'url: http://h\ngrpc: { url: http://h }',
      targets: 'calls: { url: grpc://h, grpc: { url: grpc://g } }',
    }),
    ['target.grpc.url', 'wrong-url'],
    ['targets.calls.grpc.url', 'conflict'],
  ],
  [
    'calls that nothing describes',
    specText({
      targets: 'calls: { url: http://h, grpc: { url: grpc://h } }',
      scenarios: '- name: a\n  steps: [ { grpc: a.B/C, target: calls } ]',
    }),
    ['targets.calls.grpc.protos', 'missing'],
  ],
  [
    'redirects of calls, and more of them than anybody follows',
    specText({
      target: 'url: http://h\nfollowRedirects: 51\ngrpc: { url: grpc://h, reflection: true }',
      targets: 'calls: { url: grpc://h, followRedirects: 1 }',
      scenarios:
        '- name: a\n  steps: [ { grpc: a.B/C, followRedirects: 1 }, { get: /, followRedirects: -1 } ]',
    }),
    ['target.followRedirects', 'out-of-range'],
    ['scenarios[0].steps[0].followRedirects', 'conflict'],
    ['scenarios[0].steps[1].followRedirects', 'out-of-range'],
    ['targets.calls.followRedirects', 'conflict'],
  ],
  [
    'connections that cannot be',
    specText({
      target:
        'url: http://h\ndns: { family: 5, pick: any, refresh: 0s, hosts: { "a:80": 127.0.0.1, b: 1.2.3.400, c: [], d: "http://x" } }',
      targets:
        'a: { url: http://h, dns: { family: 6, hosts: { h: 127.0.0.1 } } }\nc: { url: grpc://h, compression: true }',
    }),
    ['target.dns.family', 'unknown-value'],
    ['target.dns.pick', 'unknown-value'],
    ['target.dns.refresh', 'out-of-range'],
    ['target.dns.hosts.c', 'out-of-range'],
    ['targets.a.dns.hosts.h', 'conflict'],
    ['targets.c.compression', 'conflict'],
  ],
  [
    'a private key without its certificate',
    specText({ target: 'url: https://h\ntls: { key: { secret: shop, key: tls.key } }' }),
    ['target.tls.cert', 'missing'],
  ],
  [
    'hosts that are none',
    specText({
      target:
        'url: http://h\ndns: { hosts: { "a:80": 127.0.0.1, b: 1.2.3.400, d: "http://x", 10.0.0.1: ::1, e: ["::1", "[::2]", f.test] } }',
    }),
    ['target.dns.hosts["a:80"]', 'wrong-format'],
    ['target.dns.hosts.b', 'wrong-format'],
    ['target.dns.hosts.d', 'wrong-format'],
    ['target.dns.hosts["10.0.0.1"]', 'wrong-format'],
  ],
  ...[
    'proxy:3128',
    'https://proxy:3128',
    'http://me:secret@proxy:3128',
    'http://proxy:3128/path',
    'socks5://proxy:1080',
  ].map(
    (url): Row => [
      `the proxy ${url}`,
      specText({ target: `url: http://h\nproxy: "${url}"` }),
      ['target.proxy', 'wrong-url'],
    ],
  ),
  [
    'what comes later',
    specText({
      target: 'url: http://h\nauth: { digest: x }',
      sweep: 'x',
      search: 'x',
    }),
    ['target.auth.digest', 'unknown-key'],
    ['sweep', 'not-yet'],
    ['search', 'not-yet'],
  ],
  [
    'bodies that cannot be',
    steps(
      '- { post: /, multipart: {} }\n- { post: /, multipart: { a: { file: ../x, type: jpeg } }, headers: { Content-Type: x } }\n- { post: /, body: { file: a.xml }, text: b }\n- { head: /, body: { file: a.xml } }\n- { post: /, multipart: { a: [ { text: "${x}" } ] } }\n- { post: /, multipart: { a: { fiel: b } } }',
    ),
    ['scenarios[0].steps[0].multipart', 'out-of-range'],
    ['scenarios[0].steps[1].multipart.a.file', 'wrong-file'],
    ['scenarios[0].steps[1].multipart.a.type', 'wrong-format'],
    ['scenarios[0].steps[1].headers', 'conflict'],
    ['scenarios[0].steps[2].body', 'conflict'],
    ['scenarios[0].steps[3].body', 'conflict'],
    ['scenarios[0].steps[4].multipart.a[0]', 'unknown-name'],
    ['scenarios[0].steps[5].multipart.a.fiel', 'unknown-key'],
  ],
  ['a group without steps', steps('- { group: g }'), ['scenarios[0].steps[0].steps', 'missing']],
  ['a group of nothing', steps('- { group: g, steps: [] }'), ['scenarios[0].steps[0].steps', 'out-of-range']],
  [
    'no pass',
    steps('- { repeat: 0, steps: [ { get: / } ] }'),
    ['scenarios[0].steps[0].repeat', 'out-of-range'],
  ],
  [
    'a key of another block',
    steps('- { repeat: 2, until: { status: 200 }, steps: [ { get: / } ] }'),
    ['scenarios[0].steps[0].until', 'conflict'],
  ],
  ['a key of a block in a request', steps('- { get: /, as: x }'), ['scenarios[0].steps[0].as', 'conflict']],
  [
    'a text to go through',
    steps('- { forEach: { of: "a b", as: x }, steps: [ { get: "/${x}" } ] }'),
    ['scenarios[0].steps[0].forEach.of', 'wrong-type'],
  ],
  [
    'a condition about nothing',
    steps('- { if: { equals: 1 }, then: [ { get: / } ] }'),
    ['scenarios[0].steps[0].if.var', 'missing'],
  ],
  [
    'a condition that compares twice',
    steps('- { if: { var: x, equals: 1, exists: true }, then: [ { get: / } ] }'),
    ['scenarios[0].steps[0].if.exists', 'conflict'],
  ],
  [
    'a condition on a template',
    steps('- { if: { var: "${x}", equals: 1 }, then: [ { get: / } ] }'),
    ['scenarios[0].steps[0].if.var', 'wrong-format'],
  ],
  [
    'a condition without consequence',
    steps('- { if: { var: x, equals: 1 }, else: [ { get: / } ] }'),
    ['scenarios[0].steps[0].then', 'missing'],
    ['scenarios[0].steps[0].if.var', 'unknown-name'],
  ],
  [
    'nothing to choose',
    steps('- { choose: [ { weight: 0, steps: [ { get: / } ] } ] }'),
    ['scenarios[0].steps[0].choose', 'conflict'],
  ],
  ['a poll for nothing', steps('- { poll: { get: / } }'), ['scenarios[0].steps[0].until', 'missing']],
  [
    'a poll of a pause',
    steps('- { poll: { think: 1s }, until: { status: 200 } }'),
    ['scenarios[0].steps[0].poll', 'conflict'],
  ],
  ['a flow that is not there', steps('- use: login'), ['scenarios[0].steps[0].use', 'unknown-flow']],
  [
    'flows that use each other',
    specText({ flows: '{ a: [ { use: b } ], b: [ { get: /b }, { use: a } ] }' }),
    ['flows.b[1].use', 'circle'],
  ],
  [
    'a capture of one branch alone',
    steps(
      '- { if: { var: iteration, equals: 1 }, then: [ { get: /a, capture: { id: { status: true } } } ] }\n- { get: "/${id}" }',
    ),
    ['scenarios[0].steps[0].if.var', 'unknown-name'],
    ['scenarios[0].steps[1].get', 'maybe-not-captured'],
  ],
  [
    'a loop variable that hides a capture',
    steps(
      '- { get: /, capture: { i: { status: true } } }\n- { repeat: 2, as: i, steps: [ { get: "/${i}" } ] }',
    ),
    ['scenarios[0].steps[1].as', 'duplicate-name'],
  ],
  [
    'rows in set-up',
    specText({ data: 'users: { rows: [ { name: ada } ] }', setup: '[ { post: "/${users.name}" } ]' }),
    ['setup[0].post', 'conflict'],
  ],
  [
    'what set-up does not capture',
    specText({
      setup: '[ { post: /, capture: { tenant: { status: true } } } ]',
      teardown: '[ { delete: "/${setup.tenat}" } ]',
    }),
    ['teardown[0].delete', 'unknown-name'],
  ],
  [
    'a group called like a step',
    steps('- { group: pay, steps: [ { get: /, name: pay } ] }'),
    ['scenarios[0].steps[0].group', 'duplicate-name'],
  ],
  [
    'a misspelt key that must be there',
    specText({ scenarios: '- { name: a, stpes: [ { get: / } ] }' }),
    ['scenarios[0].stpes', 'unknown-key'],
  ],
  ['a step without a verb', steps('- { name: a }'), ['scenarios[0].steps[0]', 'missing']],
  ['a misspelt verb', steps('- { gett: / }'), ['scenarios[0].steps[0].gett', 'unknown-key']],
  ['two verbs', steps('- { get: /, post: / }'), ['scenarios[0].steps[0].post', 'conflict']],
  [
    'two bodies',
    steps('- { post: /, json: {}, form: { a: 1 } }'),
    ['scenarios[0].steps[0].form', 'conflict'],
  ],
  ['a path without a slash', steps('- { get: products }'), ['scenarios[0].steps[0].get', 'wrong-path']],
  ['a URL for a path', steps('- { get: "http://other/x" }'), ['scenarios[0].steps[0].get', 'wrong-path']],
  [
    'a gRPC call to an HTTP target',
    steps('- { grpc: shop.v1.Cart/Add }'),
    ['scenarios[0].steps[0]', 'conflict'],
  ],
  [
    'gRPC without descriptions',
    specText({ target: 'url: grpc://h:1', scenarios: '- { name: a, steps: [ { grpc: p.S/M } ] }' }),
    ['target.grpc.protos', 'missing'],
  ],
  ['message and messages', calls('message: {}, messages: [ {} ]'), [`${call}.messages`, 'conflict']],
  ['a list that is none', calls('messages: { id: 1 }'), [`${call}.messages`, 'wrong-type']],
  ['a pause between nothing', calls('messages: [ {} ], between: 1s'), [`${call}.between`, 'conflict']],
  ['a stream that nothing ends', calls('until: {}'), [`${call}.until`, 'conflict']],
  [
    'a stream that is ended by its status',
    calls('until: { status: OK }'),
    [`${call}.until.status`, 'conflict'],
  ],
  [
    'a stream that is ended by two things',
    calls('until: { messages: 5, json: { "$.a": 1 } }'),
    [`${call}.until`, 'conflict'],
  ],
  [
    'a number of messages that is none',
    calls('until: { messages: few }'),
    [`${call}.until.messages`, 'wrong-matcher'],
  ],
  [
    'messages counted in bytes',
    calls('check: { messages: "> 3KiB" }'),
    [`${call}.check.messages`, 'wrong-matcher'],
  ],
  [
    'a wrong path in until',
    calls('until: { json: { state: 1 } }'),
    [`${call}.until.json.state`, 'wrong-expression'],
  ],
  [
    'an unknown name in until',
    calls('until: { json: { "$.a": "${b}" } }'),
    [`${call}.until.json["$.a"]`, 'unknown-name'],
  ],
  [
    'an unknown name in the second message',
    calls('messages: [ {}, { a: "${b}" } ]'),
    [`${call}.messages[1].a`, 'unknown-name'],
  ],
  [
    'metadata of gRPC itself',
    calls('metadata: { grpc-timeout: 1S }'),
    [`${call}.metadata.grpc-timeout`, 'conflict'],
  ],
  [
    'a name that metadata cannot have',
    calls('metadata: { "a b": x }'),
    [`${call}.metadata["a b"]`, 'wrong-format'],
  ],
  ['metadata that is not ASCII', calls('metadata: { a: ü }'), [`${call}.metadata.a`, 'wrong-format']],
  [
    'binary metadata that is not base64',
    calls('metadata: { a-bin: "?" }'),
    [`${call}.metadata.a-bin`, 'wrong-format'],
  ],
  [
    'messages of an HTTP step',
    steps('- { get: /, messages: [], until: { messages: 1 }, check: { messages: 1 } }'),
    ['scenarios[0].steps[0].messages', 'conflict'],
    ['scenarios[0].steps[0].until', 'conflict'],
    ['scenarios[0].steps[0].check.messages', 'conflict'],
  ],
  ['only pauses', steps('- { think: 1s }'), ['scenarios[0].steps', 'conflict']],
  [
    'a pause that goes backwards',
    steps('- { get: / }\n- { think: 2s..1s }'),
    ['scenarios[0].steps[1].think', 'out-of-range'],
  ],
  [
    'an unknown name in a template',
    steps('- { get: "/p/${id}" }'),
    ['scenarios[0].steps[0].get', 'unknown-name'],
  ],
  [
    'a capture used before it is made',
    steps('- { get: "/p/${id}" }\n- { get: /, capture: { id: { json: "$.id" } } }'),
    ['scenarios[0].steps[0].get', 'used-before-capture'],
  ],
  [
    'an unknown function',
    steps('- { get: /, headers: { x: "${guid()}" } }'),
    ['scenarios[0].steps[0].headers.x', 'unknown-function'],
  ],
  [
    'wrong arguments',
    steps('- { get: /, query: { n: "${randomInt(9)}" } }'),
    ['scenarios[0].steps[0].query.n', 'wrong-arguments'],
  ],
  [
    'an unclosed template',
    steps('- { post: /, text: "${id" }'),
    ['scenarios[0].steps[0].text', 'template-syntax'],
  ],
  [
    'a column that rows do not have',
    specText({
      data: 'users: { rows: [ { name: a } ] }',
      scenarios: '- { name: a, steps: [ { get: "/${users.nmae}" } ] }',
    }),
    ['scenarios[0].steps[0].get', 'unknown-column'],
  ],
  [
    'a template in a constant',
    specText({ variables: 'a: 1\nb: "${a}"' }),
    ['variables.b', 'template-in-constant'],
  ],
  [
    'a broken JSONPath',
    steps('- { get: /, capture: { id: { json: "$.[" } } }'),
    ['scenarios[0].steps[0].capture.id.json', 'wrong-expression'],
  ],
  [
    'captures by expressions that cannot be used',
    steps(
      '- { get: /, capture: { a: { regex: "(?=x)" }, b: { regex: "x(y)", group: 2 }, c: { regex: x, index: 1, all: true }, d: { regex: x, default: "${e}" }, f: { css: "li:last-child" } }, check: { css: { "a[": x, b: { count: "/(/" } } } }',
    ),
    ['scenarios[0].steps[0].capture.a.regex', 'wrong-expression'],
    ['scenarios[0].steps[0].capture.b.group', 'out-of-range'],
    ['scenarios[0].steps[0].capture.c.all', 'conflict'],
    ['scenarios[0].steps[0].capture.d.default', 'unknown-name'],
    ['scenarios[0].steps[0].capture.f.css', 'wrong-expression'],
    ['scenarios[0].steps[0].check.css["a["]', 'wrong-expression'],
    ['scenarios[0].steps[0].check.css.b.count', 'wrong-matcher'],
  ],
  [
    'captures and checks that look into a body where there is none',
    steps('- { head: /, capture: { a: { regex: x } }, check: { regex: { x: y }, cookie: { sid: x } } }'),
    ['scenarios[0].steps[0].capture.a.regex', 'conflict'],
    ['scenarios[0].steps[0].check.regex.x', 'conflict'],
  ],
  [
    'a broken regular expression',
    steps('- { get: /, check: { body: "/(/" } }'),
    ['scenarios[0].steps[0].check.body', 'wrong-matcher'],
  ],
  [
    'a status that does not exist',
    steps('- { get: /, check: { status: 999 } }'),
    ['scenarios[0].steps[0].check.status', 'out-of-range'],
  ],
  [
    'a time without a unit',
    steps('- { get: /, check: { time: "< 5" } }'),
    ['scenarios[0].steps[0].check.time', 'wrong-matcher'],
  ],
  [
    'a header of the transport',
    steps('- { get: /, headers: { Content-Length: "5" } }'),
    ['scenarios[0].steps[0].headers.Content-Length', 'conflict'],
  ],
  [
    'a header of two lines',
    steps('- { get: /, headers: { x: "a\\r\\nb: c" } }'),
    ['scenarios[0].steps[0].headers.x', 'wrong-format'],
  ],
  ['a negative rate', load('- { phase: a, rate: -5, duration: 1s }'), ['load[0].rate', 'out-of-range']],
  ['a rate of 0', load('- { phase: a, rate: 0, duration: 1s }'), ['load[0].rate', 'out-of-range']],
  [
    'a rate in an unknown unit',
    load('- { phase: a, rate: 5/d, duration: 1s }'),
    ['load[0].rate', 'wrong-unit'],
  ],
  ['a duration of 0', load('- { phase: a, rate: 5, duration: 0s }'), ['load[0].duration', 'out-of-range']],
  ['no duration', load('- { phase: a, rate: 5 }'), ['load[0]', 'missing']],
  ['half a ramp', load('- { phase: a, rate: { from: 5 }, duration: 1s }'), ['load[0].rate.to', 'missing']],
  [
    'a duration that contradicts the shape',
    load('- { phase: a, rate: { steps: [ { rate: 5, for: 1s }, { rate: 6, for: 1s } ] }, duration: 3s }'),
    ['load[0].duration', 'conflict'],
  ],
  [
    'a wave below zero',
    load('- { phase: a, rate: { shape: sine, mean: 5, amplitude: 6, period: 1s }, duration: 1s }'),
    ['load[0].rate.amplitude', 'out-of-range'],
  ],
  ['rate and users', load('- { phase: a, rate: 5, users: 5, duration: 1s }'), ['load[0].users', 'conflict']],
  ['neither rate nor users', load('- { phase: a, duration: 1s }'), ['load[0]', 'missing']],
  ['half a user', load('- { phase: a, users: 1.5, duration: 1s }'), ['load[0].users', 'wrong-type']],
  [
    'a ramp longer than its phase',
    load('- { phase: a, users: { from: 1, to: 5, over: 2m }, duration: 1m }'),
    ['load[0].users.over', 'conflict'],
  ],
  [
    'iterations and a duration',
    load('- { phase: a, users: 1, iterations: 5, duration: 1s }'),
    ['load[0].duration', 'conflict'],
  ],
  ['a pace at a rate', load('- { phase: a, rate: 1, pace: 5s, duration: 1s }'), ['load[0].pace', 'conflict']],
  [
    'two phases and two scenarios of one name',
    specText({
      scenarios: '- { name: a, steps: [ { get: / } ] }\n- { name: a, steps: [ { get: / } ] }',
      load: '- { phase: p, rate: 1, duration: 1s }\n- { phase: p, rate: 1, duration: 1s }',
    }),
    ['scenarios[1].name', 'duplicate-name'],
    ['load[1].phase', 'duplicate-name'],
  ],
  [
    'weights that leave nothing',
    specText({
      scenarios: '- { name: a, weight: 0, steps: [ { get: / } ] }',
      load: '- { phase: p, rate: 1, duration: 1s }\n- { phase: q, rate: 1, duration: 1s, scenarios: { a: 0 } }',
    }),
    ['load[0]', 'conflict'],
    ['load[1].scenarios', 'conflict'],
  ],
  [
    'a mix of an unknown scenario',
    load('- { phase: a, rate: 1, duration: 1s, scenarios: { brwose: 1 } }'),
    ['load[0].scenarios.brwose', 'unknown-scenario'],
  ],
  ['65 phases', load(phases(65, '')), ['load', 'too-many']],
  ['17 phases at once', load(phases(17, ', at: 0s')), ['load', 'too-many']],
  ['501 steps', steps('- get: /\n'.repeat(501).trimEnd()), ['scenarios', 'too-many']],
  ['more than the highest rate allowed', specText({ limits: 'maxRate: 5' }), ['load[0].rate', 'conflict']],
  ['a percentage without a sign', specText({ limits: 'backlog: 0.1' }), ['limits.backlog', 'wrong-unit']],
  ['no objective', objective('p95 1s'), ['objectives[0]', 'wrong-objective']],
  ['a limit without a unit', objective('p95 < 1'), ['objectives[0]', 'wrong-unit']],
  ['an unknown metric', objective('p95th < 1s'), ['objectives[0]', 'unknown-metric']],
  ['a percentile out of range', objective('p100 < 1s'), ['objectives[0]', 'out-of-range']],
  ['an unknown scope', objective('p95(checkout) < 1s'), ['objectives[0]', 'unknown-scope']],
  ['an unknown step', objective('p95(browse/pay) < 1s'), ['objectives[0]', 'unknown-scope']],
  ['an unknown phase', objective('p95(@spike) < 1s'), ['objectives[0]', 'unknown-phase']],
  [
    'a phase that is not recorded',
    specText({
      load: '- { phase: warmup, rate: 1, duration: 1s, record: false }\n- { phase: a, rate: 1, duration: 1s }',
      objectives: '- p95(@warmup) < 1s',
    }),
    ['objectives[0]', 'phase-not-recorded'],
  ],
  [
    'a share of the plan without a plan',
    specText({ load: '- { phase: a, users: 1, duration: 1s }', objectives: '- rate >= 98% of planned' }),
    ['objectives[0]', 'no-open-phase'],
  ],
  ['first-byte times that are not recorded', objective('ttfb_p95 < 1s'), ['objectives[0]', 'conflict']],
]

const inFiles: readonly Row[] = [
  ['a missing CSV', specText({ data: 'users: { csv: nowhere.csv }' }), ['data.users.csv', 'missing-file']],
  [
    'a missing replay',
    load('- { phase: a, rate: { csv: nowhere.csv } }'),
    ['load[0].rate.csv', 'missing-file'],
  ],
  [
    'missing files of bodies, wherever they are sent',
    steps(
      '- { post: /, body: { file: a.xml } }\n- { group: g, steps: [ { choose: [ { weight: 1, steps: [ { post: /, multipart: { x: [ y, { file: b.jpg } ] } } ] } ] } ] }\n- { poll: { put: /, body: { file: c.txt, template: true } }, until: { status: 200 } }',
    ),
    ['scenarios[0].steps[0].body.file', 'missing-file'],
    ['scenarios[0].steps[1].steps[0].choose[0].steps[0].multipart.x[1].file', 'missing-file'],
    ['scenarios[0].steps[2].poll.body.file', 'missing-file'],
  ],
  [
    'a missing certificate',
    specText({ target: 'url: https://127.0.0.1:9\ntls: { ca: { file: nowhere.pem } }' }),
    ['target.tls.ca.file', 'missing-file'],
  ],
]

const inEnvironment: readonly Row[] = [
  [
    'an environment variable that is not set',
    specText({ variables: 'token: { env: BREAKWATER_TEST_NEVER_SET }' }),
    ['variables.token.env', 'unset-variable'],
  ],
  [
    'secrets that are not set',
    specText({ variables: 'a: { secret: shop, key: never-set }\nb: { secret: shop, key: tls.key }' }),
    ['variables.a.secret', 'unset-secret'],
    ['variables.b.secret', 'unset-secret'],
  ],
]

export const malformedFiles: readonly MalformedFile[] = [
  ...inText.map((row) => malformed('parse', row)),
  ...inFiles.map((row) => malformed('files', row)),
  ...inEnvironment.map((row) => malformed('environment', row)),
]

function malformed(found: MalformedFile['found'], [title, text, ...issues]: Row): MalformedFile {
  return { title, text, issues, found }
}

/** Nine references to nine references to … : a billion values from a few lines. */
function aliasBomb(): string {
  const lines = ['a0: &a0 [x, x, x, x, x, x, x, x, x]']
  for (let i = 1; i < 10; i++)
    lines.push(
      `a${i}: &a${i} [${Array(9)
        .fill(`*a${i - 1}`)
        .join(', ')}]`,
    )
  return `${lines.join('\n')}\n`
}

function nest(depth: number): string {
  return Array.from({ length: depth }, (_, i) => `${' '.repeat(i)}a:`)
    .join('\n')
    .slice(0, 900_000)
}

function phases(count: number, extra: string): string {
  return Array.from({ length: count }, (_, i) => `- { phase: p${i}, rate: 1, duration: 1s${extra} }`).join(
    '\n',
  )
}
