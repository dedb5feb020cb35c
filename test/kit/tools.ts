import test from 'ava'
import { findTool, type ToolName } from '../../scripts/tool-paths.ts'

export { type ToolName, tool } from '../../scripts/tool-paths.ts'

/** AVA's `test`, or its `skip` where one of the tools is missing: shown by name, and a failure in CI. */
export function testWith(...names: readonly ToolName[]): typeof test | typeof test.skip {
  return names.every((name) => findTool(name) !== undefined) ? test : test.skip
}
