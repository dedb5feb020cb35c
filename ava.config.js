export default {
  files: ['test/**/*.test.ts'],
  extensions: ['ts'],
  // Idle time without any test finishing, not a bound on one test.
  timeout: '5m',
  // A process each: tests start threads of their own, and a crash must not take the neighbours along.
  workerThreads: false,
}
