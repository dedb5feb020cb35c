/** A function of templates in the place of one of Postman's. */
export interface DynamicVariable {
  readonly template: string
  /** Whether it may stand in JSON without quotes. */
  readonly isNumber?: boolean
  /** What is not quite the same. */
  readonly note?: string
}

const words = (...some: readonly string[]): DynamicVariable => ({
  template: `\${pick(${some.map((word) => JSON.stringify(word)).join(',')})}`,
})

/** https://learning.postman.com/docs/tests-and-scripts/write-scripts/variables-list/ */
const known: Readonly<Record<string, DynamicVariable>> = {
  $guid: { template: '${uuid()}' },
  $randomUUID: { template: '${uuid()}' },
  $timestamp: { template: '${now()}', isNumber: true, note: 'milliseconds, where $timestamp has seconds' },
  $isoTimestamp: { template: '${date("YYYY-MM-DDTHH:mm:ss.SSS")}Z' },
  $randomInt: { template: '${randomInt(0,1000)}', isNumber: true },
  $randomAlphaNumeric: { template: '${randomString(1)}' },
  $randomBoolean: { template: '${pick("true","false")}' },
  $randomPassword: { template: '${randomString(15)}' },
  $randomIP: { template: '10.0.${randomInt(0,255)}.${randomInt(1,254)}' },
  $randomEmail: { template: '${randomString(10)}@example.com' },
  $randomExampleEmail: { template: '${randomString(10)}@example.com' },
  $randomUserName: { template: 'user_${randomInt(1,1000000)}' },
  $randomUrl: { template: 'https://example.com/${randomString(10)}' },
  $randomDomainName: { template: '${randomInt(1,1000000)}.example.com' },
  $randomPhoneNumber: { template: '${randomInt(200,999)}-555-0${randomInt(100,199)}' },
  $randomPrice: { template: '${randomInt(0,999)}.${randomInt(10,99)}', isNumber: true },
  $randomDateRecent: { template: '${date("YYYY-MM-DDTHH:mm:ss.SSS")}Z' },
  $randomFirstName: words('Ada', 'Alan', 'Edsger', 'Grace', 'Katherine', 'Linus'),
  $randomLastName: words('Lovelace', 'Turing', 'Dijkstra', 'Hopper', 'Johnson'),
  $randomFullName: words('Ada Lovelace', 'Alan Turing', 'Grace Hopper', 'Katherine Johnson'),
  $randomCity: words('Bath', 'Ely', 'Wells', 'York'),
  $randomCountry: words('Chile', 'Ghana', 'India', 'Norway'),
  $randomCountryCode: words('CL', 'GH', 'IN', 'NO'),
  $randomColor: words('red', 'green', 'blue', 'black'),
  $randomWord: words('alpha', 'beta', 'gamma', 'delta'),
  $randomLoremWord: words('lorem', 'ipsum', 'dolor'),
}

/** Undefined: none of Postman's that anybody knows here. */
export function dynamicVariable(name: string): DynamicVariable | undefined {
  if (Object.hasOwn(known, name)) return known[name]
  return /^\$random\w{1,60}$/.test(name)
    ? { template: '${randomString(10)}', note: `some text in the place of ${name}` }
    : undefined
}
