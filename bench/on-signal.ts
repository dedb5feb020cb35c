/** What has to be tidied up when Ctrl-C ends a bench; returns how to take that back. */
export function onSignal(tidy: () => void): () => void {
  const end = () => {
    tidy()
    process.exit(130)
  }
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, end)
  return () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, end)
  }
}
