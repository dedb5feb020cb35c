import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestFn } from 'ava'
import type { Page } from 'playwright-core'
import type { ResultDocument } from '../../core/report/result.ts'
import { parseLoadTestText } from '../../core/spec/parse.ts'
import { launchChromium } from '../kit/chromium.ts'
import { breakwater } from '../kit/command.ts'
import { type ShopProcess, startShop } from '../kit/shop.ts'
import { makeTempDir, type TempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'

const test = testWith('chromium') as TestFn<{ shop: ShopProcess; folder: TempDir; har: string }>

/** From the first page to the order, as Chromium has it and Playwright writes it down. */
async function record(shop: ShopProcess, har: string): Promise<void> {
  const browser = await launchChromium()
  try {
    const context = await browser.newContext({ recordHar: { path: har } })
    const page = await context.newPage()
    await keepAnswers(page)
    await buy(page, shop.url)
    // This writes the recording.
    await context.close()
  } finally {
    await browser.close()
  }
}

/** Chromium forgets the bodies of a page's answers when the next page comes, so the page waits until they have been read. */
async function keepAnswers(page: Page): Promise<void> {
  const bodies: Promise<unknown>[] = []
  page.on('response', (response) => {
    if (response.url().includes('/api/')) bodies.push(response.body())
  })
  await page.exposeFunction('untilKept', () => Promise.all(bodies).then(() => undefined))
  await page.addInitScript(() => {
    const { json } = Response.prototype
    const patient = async function (this: Response) {
      const value = await json.call(this)
      await (globalThis as unknown as { untilKept(): Promise<void> }).untilKept()
      return value
    }
    Object.defineProperty(Response.prototype, 'json', { value: patient })
  })
}

async function buy(page: Page, url: string): Promise<void> {
  await page.goto(`${url}/`)
  await page.getByRole('link', { name: 'Log in' }).click()
  await page.getByLabel('Name').fill('ada')
  await page.getByLabel('Password').fill('secret-ada')
  await page.getByRole('button', { name: 'Log in' }).click()
  await page.waitForURL('**/products')
  await page.getByRole('button', { name: 'More' }).click()
  await page.locator('a[href="/products/24"]').waitFor()
  await page.locator('ul.products a').nth(2).click()
  await page.getByRole('button', { name: 'Into the cart' }).click()
  await page.getByText('1 in the cart').waitFor()
  await page.getByRole('link', { name: 'Cart' }).click()
  await page.getByRole('button', { name: 'Check out' }).click()
  await page.waitForURL('**/orders/*')
  await page.getByText('Thank you').waitFor()
  await page.getByRole('button', { name: 'Log out' }).click()
  await page.getByRole('link', { name: 'Log in' }).waitFor()
}

test.before(async (t) => {
  const folder = await makeTempDir()
  const shop = await startShop()
  const har = join(folder.path, 'shop.har')
  t.context = { shop, folder, har }
  await record(shop, har)
})

test.after.always(async (t) => {
  await t.context.shop?.stop()
  await t.context.folder?.remove()
})

test('a purchase recorded by Chromium is imported, and replayed with every check green', async (t) => {
  const { shop, folder, har } = t.context
  const file = join(folder.path, 'shop.yaml')
  const env = { PASSWORD: 'secret-ada' }
  t.like(await breakwater(['import', 'har', har, '--out', file]), { code: 0, stderr: '' })
  const text = await readFile(file, 'utf8')
  t.notRegex(text, /secret-ada/)
  t.true(parseLoadTestText(text).ok)
  t.is((await breakwater(['validate', file], { env })).code, 0)

  const once = await breakwater(['run', file, '--once', '--trace'], { env })
  t.is(once.code, 0, once.stdout)

  await shop.reset()
  const run = await breakwater(
    [
      ...['run', file, '--out', join(folder.path, 'out'), '--quiet', '--threads', '1', '--seed', '5'],
      ...['--set', 'load[steady].rate=5', '--set', 'load[steady].duration=3s'],
    ],
    { env },
  )
  const result: ResultDocument = JSON.parse(await readFile(join(folder.path, 'out/result.json'), 'utf8'))
  t.is(run.code, 0, run.stdout)
  t.is(result.verdict, 'pass')
  t.is(result.iterations.failed, 0)
  const stats = await shop.stats()
  t.is(stats.logins.ok, 15)
  t.is(stats.orders.done, 15)
  t.is(stats.received.total, result.requests.sent)
  t.deepEqual(stats.sessions, { opened: 15, open: 0 })
})
