import { counter, gauge, histogram } from './metric.ts'

/** What `breakwater worker --metrics` tells. Series with a `run` are of the run at hand or of the one before; they begin anew with the next. */
export const workerMetrics = {
  info: gauge('breakwater_worker_info', 'The worker process; always 1.', ['version', 'incarnation', 'host']),
  state: gauge('breakwater_worker_state', '1 for the state that the worker is in, 0 for the others.', [
    'state',
  ]),
  halted: gauge('breakwater_worker_halted', '1 while all load is halted here.'),
  threads: gauge('breakwater_worker_threads', 'Engine threads.'),
  run: gauge('breakwater_worker_run_info', 'The run that the worker is in, or was in last; always 1.', [
    'run',
    'test',
  ]),
  epoch: gauge('breakwater_worker_epoch', 'Newest epoch that the worker follows.', ['run']),
  term: gauge('breakwater_worker_term', 'Newest term of a controller that has commanded the worker.', [
    'run',
  ]),
  started: counter('breakwater_worker_iterations_started_total', 'Iterations started.', ['run', 'phase']),
  skipped: counter(
    'breakwater_worker_iterations_skipped_total',
    'Arrivals that were not started, by reason: in_flight (the limit of iterations under way) or late.',
    ['run', 'phase', 'reason'],
  ),
  ended: counter(
    'breakwater_worker_iterations_ended_total',
    'Iterations over, by outcome: completed, failed or interrupted.',
    ['run', 'phase', 'outcome'],
  ),
  inFlight: gauge('breakwater_worker_iterations_in_flight', 'Iterations under way.', ['run', 'phase']),
  users: gauge('breakwater_worker_users', 'Users at work; closed phases.', ['run', 'phase']),
  attempted: counter('breakwater_worker_requests_attempted_total', 'Requests begun.', ['run']),
  sent: counter(
    'breakwater_worker_requests_sent_total',
    'Requests written to an open connection, those of tokens among them.',
    ['run'],
  ),
  requests: counter(
    'breakwater_worker_requests_total',
    'Requests over, by outcome: ok, failed or interrupted.',
    ['run', 'outcome'],
  ),
  errors: counter('breakwater_worker_request_errors_total', 'Failed requests, by error.', ['run', 'error']),
  overrun: counter(
    'breakwater_worker_requests_overrun_total',
    'Requests sent while cut off from a cluster that had given the share away.',
    ['run'],
  ),
  tokens: counter('breakwater_worker_token_requests_total', 'Requests for tokens.', ['run']),
  stepErrors: counter('breakwater_worker_step_errors_total', 'Failed requests of a step, by error.', [
    'run',
    'phase',
    'scenario',
    'step',
    'error',
  ]),
  response: histogram(
    'breakwater_worker_response_seconds',
    'From the intended start of a request to its end, by outcome: ok or failed.',
    ['run', 'phase', 'scenario', 'step', 'outcome'],
  ),
  service: histogram('breakwater_worker_service_seconds', 'From the sending of a request to its end.', [
    'run',
    'phase',
  ]),
  sendLag: histogram(
    'breakwater_worker_send_lag_seconds',
    'From the intended start of a request to its sending.',
    ['run', 'phase'],
  ),
  pacerLag: histogram(
    'breakwater_worker_pacer_lag_seconds',
    'From the intended start of an iteration to the moment the generator came to it.',
    ['run', 'phase'],
  ),
  received: counter('breakwater_worker_received_bytes_total', 'Bytes of answers.', ['run']),
  written: counter('breakwater_worker_sent_bytes_total', 'Bytes of requests.', ['run']),
  checks: counter('breakwater_worker_checks_total', 'Checks made, by outcome: passed or failed.', [
    'run',
    'outcome',
  ]),
  cpu: gauge(
    'breakwater_worker_thread_cpu_ratio',
    'CPU of an engine thread in the last second: 1 is all that it may have.',
    ['thread'],
  ),
  loopDelay: gauge(
    'breakwater_worker_thread_loop_delay_seconds',
    '99th percentile of the event loop delay of an engine thread in the last second.',
    ['thread'],
  ),
  gc: counter('breakwater_worker_thread_gc_seconds_total', 'Pauses of an engine thread for garbage.', [
    'thread',
  ]),
  runQueue: gauge(
    'breakwater_worker_thread_run_queue_wait_ratio',
    'Part of the last second in which an engine thread could have run but others had its core.',
    ['thread'],
  ),
  sockets: gauge('breakwater_worker_open_sockets', 'Open sockets of the engine threads.'),
  snapshots: counter('breakwater_worker_snapshots_total', 'Snapshots handed over for delivery.', ['run']),
  acknowledged: counter(
    'breakwater_worker_snapshots_acknowledged_total',
    'Snapshots that the controller has merged and kept.',
    ['run'],
  ),
  resent: counter(
    'breakwater_worker_snapshots_resent_total',
    'Deliveries of a snapshot that came to nothing and are repeated.',
    ['run'],
  ),
  waiting: gauge('breakwater_worker_snapshots_unacknowledged', 'Snapshots that wait for delivery.', ['run']),
} as const
