export { compileTest } from './compile.ts'
export type * from './compiled.ts'
export { createRedactor, type Redactor } from './redact.ts'
export { createRowPicker, LeasedRows, type RowPick, type RowPicker, type RowSource } from './row-picker.ts'
