/** Workers beat this often; three missed beats are a loss (design §8). */
export const beatMs = 500
export const lossMs = 3 * beatMs
/** Where the number of workers is open: how long after the first hello others may still join. */
export const gatherMs = 3 * beatMs
export const clockRounds = 8
/** The start is so much ahead for each worker that is to be told of it, where that is more than two seconds. */
export const armMs = 3
/** A new epoch begins this long after the decision, so that every worker knows it in time. */
export const leadMs = 500
/** How often the clocks of workers are looked at again while the run is under way. */
export const driftEveryMs = 5_000
export const prepareTimeoutMs = 60_000
export const commandTimeoutMs = 2_000
/** An epoch that begins in half a second is told again before it does; longer where the way is longer than that. */
export const epochTimeoutMs = 200
/** After the last phase and its drain: how long the last snapshots may take. */
export const closingMs = 15_000
