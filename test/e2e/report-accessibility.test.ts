import AxeBuilder from '@axe-core/playwright'
import anyTest, { type TestFn } from 'ava'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { htmlReport } from '../../core/report/html/page.ts'
import { launchChromium } from '../kit/chromium.ts'
import {
  emptySample,
  failedSample,
  hostileSample,
  mixedSample,
  type ReportSample,
} from '../kit/report-sample.ts'
import { testWith } from '../kit/tools.ts'

const test = testWith('chromium') as TestFn<{ browser: Browser }>
const samples = {
  failed: failedSample(),
  'of both loops': mixedSample(),
  'without a sample': emptySample(),
  'with hostile names': hostileSample(),
}

if ((test as unknown) === anyTest) {
  ;(anyTest as TestFn<{ browser: Browser }>).before(async (t) => {
    t.context.browser = await launchChromium()
  })
  ;(anyTest as TestFn<{ browser: Browser }>).after.always((t) => t.context.browser?.close())
}

interface Opened {
  readonly page: Page
  /** What the page asked for beyond itself. */
  readonly requests: readonly string[]
  readonly dialogs: readonly string[]
  readonly errors: readonly string[]
}

/** Serves the page from an address of its own, so that everything it asks for is seen. */
async function opened(
  browser: Browser,
  { document, record }: ReportSample,
  options: BrowserContextOptions,
  use: (opened: Opened) => Promise<void>,
): Promise<void> {
  const context = await browser.newContext(options)
  const requests: string[] = []
  const dialogs: string[] = []
  const errors: string[] = []
  const address = 'http://report.test/report.html'
  await context.route('**', async (route) => {
    if (route.request().url() === address) {
      await route.fulfill({
        contentType: 'text/html; charset=utf-8',
        body: htmlReport(document, record.metrics.failures, 'engineering'),
      })
    } else {
      requests.push(route.request().url())
      await route.abort()
    }
  })
  try {
    const page = await context.newPage()
    page.on('dialog', (dialog) => {
      dialogs.push(dialog.message())
      void dialog.dismiss()
    })
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => {
      if (message.type() === 'error') errors.push(message.text())
    })
    await page.goto(address)
    await use({ page, requests, dialogs, errors })
  } finally {
    await context.close()
  }
}

const light: BrowserContextOptions = { colorScheme: 'light' }
const narrow: BrowserContextOptions = { ...light, viewport: { width: 360, height: 740 } }
const looks: Readonly<Record<string, BrowserContextOptions>> = {
  light,
  dark: { colorScheme: 'dark' },
  narrow,
}

for (const [name, sample] of Object.entries(samples)) {
  for (const [look, options] of Object.entries(name === 'failed' ? looks : { light })) {
    test(`a report ${name} has no fault that axe knows: ${look}`, async (t) => {
      await opened(t.context.browser, sample, options, async ({ page }) => {
        await page.evaluate('for (const details of document.querySelectorAll("details")) details.open = true')
        const { violations } = await new AxeBuilder({ page }).analyze()
        t.deepEqual(
          violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html).slice(0, 3)]),
          [],
        )
      })
    })
  }

  test(`a report ${name} asks the network for nothing and runs nothing but its own script`, async (t) => {
    await opened(t.context.browser, sample, {}, async ({ page, requests, dialogs, errors }) => {
      await page.evaluate('document.fonts.ready')
      t.deepEqual(
        requests.filter((url) => !url.endsWith('/favicon.ico')),
        [],
      )
      t.deepEqual(dialogs, [])
      t.deepEqual(errors, [])
      t.is(await page.locator('img, iframe, link, object, embed, [onclick], [onerror]').count(), 0)
    })
  })

  test(`a report ${name} does not scroll sideways on a telephone`, async (t) => {
    await opened(t.context.browser, sample, narrow, async ({ page }) => {
      t.is(
        await page.evaluate('document.documentElement.scrollWidth - document.documentElement.clientWidth'),
        0,
      )
    })
  })
}

test('a report reads without scripts', async (t) => {
  await opened(t.context.browser, samples.failed, { javaScriptEnabled: false }, async ({ page }) => {
    t.true(await page.getByRole('heading', { name: 'Fail', exact: true }).isVisible())
    t.true(await page.getByText('error_rate is 9.4 %, limit 1 %').isVisible())
    const figure = page.locator('#latency-open')
    t.false(await figure.getByRole('table').isVisible())
    await figure.getByText('data').click()
    t.true(await figure.getByRole('table').isVisible())
  })
})

test('the pointer over a chart shows the numbers of that moment', async (t) => {
  await opened(t.context.browser, samples.failed, {}, async ({ page }) => {
    const drawing = page.locator('#latency-open .drawing svg')
    await drawing.scrollIntoViewIfNeeded()
    const box = await drawing.boundingBox()
    t.truthy(box)
    await page.mouse.move((box?.x ?? 0) + (box?.width ?? 0) / 2, (box?.y ?? 0) + (box?.height ?? 0) / 2)
    const tip = page.locator('#latency-open .tip')
    t.true(await tip.isVisible())
    const [time, ...values] = await tip.locator('b, div').allTextContents()
    t.regex(time ?? '', /^0:0\d$/)
    const row = page.locator('#latency-open tbody tr').filter({ has: page.locator(`th:text-is("${time}")`) })
    t.is(values[0], `p50 (ms): ${await row.locator('td').first().textContent()}`)
    await page.mouse.move(2, 2)
    t.false(await tip.isVisible())
  })
})

test('a table sorts by a column, down, up, and back', async (t) => {
  await opened(t.context.browser, samples.failed, {}, async ({ page }) => {
    const table = page.locator('#tables table[data-sortable]').first()
    const counts = async () =>
      (await table.locator('tbody tr td:nth-child(2)').allTextContents()).map((text) =>
        Number(text.replaceAll(',', '')),
      )
    const before = await counts()
    const head = table.getByRole('button', { name: 'Requests' })
    await head.focus()
    await page.keyboard.press('Enter')
    t.deepEqual(
      await counts(),
      before.toSorted((a, b) => b - a),
    )
    t.is(await table.locator('th[aria-sort]').getAttribute('aria-sort'), 'descending')
    await head.click()
    t.deepEqual(
      await counts(),
      before.toSorted((a, b) => a - b),
    )
    await head.click()
    t.deepEqual(await counts(), before)
  })
})

test('on paper a report is light, without navigation, and cuts no chart', async (t) => {
  await opened(t.context.browser, samples.failed, { colorScheme: 'dark' }, async ({ page }) => {
    await page.emulateMedia({ media: 'print' })
    t.is(await page.evaluate('getComputedStyle(document.body).color'), 'rgb(23, 27, 33)')
    t.false(await page.getByRole('navigation').isVisible())
    t.is(await page.evaluate('getComputedStyle(document.querySelector("figure")).breakInside'), 'avoid')
    t.true((await page.pdf({ preferCSSPageSize: true })).length > 10_000)
  })
})
