import { counter, gauge, histogram } from './metric.ts'

/** What `breakwater run --metrics` tells, of the run that it controls: the whole cluster's figures, as far as they have arrived. */
export const controllerMetrics = {
  run: gauge('breakwater_controller_run_info', 'The run under control; always 1.', [
    'run',
    'test',
    'version',
  ]),
  stage: gauge('breakwater_controller_stage', '1 for the stage that the run is in, 0 for the others.', [
    'stage',
  ]),
  elapsed: gauge('breakwater_controller_elapsed_seconds', 'Since the start instant.'),
  members: gauge('breakwater_controller_members', 'Workers of the run, by status.', ['status']),
  oldestHeartbeat: gauge(
    'breakwater_controller_oldest_heartbeat_seconds',
    'Since the worker at work was heard from that was silent the longest; three beats of 0.5 s make it lost.',
  ),
  term: gauge('breakwater_controller_term', 'How often the run was taken up, and one.'),
  epoch: gauge('breakwater_controller_epoch', 'Newest epoch.'),
  rateFactor: gauge('breakwater_controller_rate_factor', 'By the newest epoch; 1 is the rate as written.'),
  paused: gauge('breakwater_controller_paused', '1 while the run is paused.'),
  planned: gauge('breakwater_controller_arrivals_planned', 'Arrivals of an open phase by the newest plan.', [
    'phase',
  ]),
  unstarted: gauge(
    'breakwater_controller_arrivals_unstarted',
    'Arrivals of an open phase that are neither started nor skipped nor lost.',
    ['phase'],
  ),
  lost: gauge(
    'breakwater_controller_arrivals_lost',
    'Arrivals of an open phase that died with their workers.',
    ['phase'],
  ),
  started: counter('breakwater_controller_iterations_started_total', 'Iterations started.', ['phase']),
  skipped: counter(
    'breakwater_controller_iterations_skipped_total',
    'Arrivals that were not started, by reason: in_flight (the limit of iterations under way) or late.',
    ['phase', 'reason'],
  ),
  ended: counter(
    'breakwater_controller_iterations_ended_total',
    'Iterations over, by outcome: completed, failed or interrupted.',
    ['outcome'],
  ),
  sent: counter('breakwater_controller_requests_sent_total', 'Requests written to an open connection.'),
  requests: counter(
    'breakwater_controller_requests_total',
    'Requests over, by outcome: ok, failed or interrupted.',
    ['outcome'],
  ),
  overrun: counter(
    'breakwater_controller_requests_overrun_total',
    'Requests that workers sent while cut off from the cluster, which had given their share away.',
  ),
  errors: counter('breakwater_controller_request_errors_total', 'Failed requests, by error.', ['error']),
  response: histogram(
    'breakwater_controller_response_seconds',
    'From the intended start of a request to its end, by outcome: ok or failed.',
    ['phase', 'outcome'],
  ),
  received: counter('breakwater_controller_snapshots_total', 'Snapshots merged.'),
  duplicates: counter(
    'breakwater_controller_snapshots_duplicate_total',
    'Snapshots that came again, and changed nothing.',
  ),
  missing: gauge(
    'breakwater_controller_snapshots_missing',
    'Snapshots that must exist, by their numbers, and have not come.',
  ),
  streamed: gauge(
    'breakwater_controller_snapshots_streamed',
    '1 while snapshots come by a JetStream stream, 0 while workers deliver them.',
  ),
  merging: counter('breakwater_controller_merge_seconds_total', 'Time spent on merging snapshots.'),
  judgedLag: gauge(
    'breakwater_controller_judgement_lag_seconds',
    'How far the seconds that objectives are judged by lie behind the present.',
  ),
} as const
