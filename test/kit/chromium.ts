import { type Browser, chromium } from 'playwright-core'
import { tool } from './tools.ts'

/** A real browser with a profile of its own, which stays quiet unless a page asks for something. End it with `close`. */
export function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: tool('chromium'),
    headless: true,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  })
}
