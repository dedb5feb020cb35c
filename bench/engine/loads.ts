/** The plain loop, `get: /` and nothing else, as LoadTests. JSON is YAML. */
export interface Load {
  readonly name: string
  readonly requests: number
  readonly text: string
}

export interface LoadSizes {
  /** Of the closed loop. */
  readonly requests: number
  /** Of the open loop. */
  readonly rate: number
  readonly seconds: number
}

/** One request alone: what is spent beside the loop. */
export function startLoad(url: string): Load {
  return load('start', url, 1, { users: 1, iterations: 1 })
}

export function closedLoad(url: string, { requests }: LoadSizes): Load {
  return load('closed', url, requests, { users: 32, iterations: requests, maxDuration: '10m' })
}

export function openLoad(url: string, { rate, seconds }: LoadSizes): Load {
  return load(`open ${rate}/s`, url, rate * seconds, { rate, duration: `${seconds}s` })
}

function load(name: string, url: string, requests: number, phase: object): Load {
  const text = JSON.stringify({
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: 'bench' },
    spec: {
      target: { url },
      scenarios: [{ name: 'plain', steps: [{ get: '/' }] }],
      load: [{ phase: 'all', ...phase }],
    },
  })
  return { name, requests, text }
}
