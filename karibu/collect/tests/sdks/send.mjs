// Sends the same small story with one SDK: node send.mjs segment|rudder HOST WRITE_KEY PERSON
import { createRequire } from "node:module"

const require = createRequire(process.env.SDKS + "/")
const [sdk, host, writeKey, person] = process.argv.slice(2)

function segment() {
  const { Analytics } = require("@segment/analytics-node")
  const client = new Analytics({ writeKey, host, flushAt: 5 })
  return { client, close: () => client.closeAndFlush() }
}

function rudder() {
  const Analytics = require("@rudderstack/rudder-sdk-node")
  const client = new Analytics(writeKey, { dataPlaneUrl: host, flushAt: 5 })
  return { client, close: () => client.flush() }
}

const { client, close } = { segment, rudder }[sdk]()
const order = { order_id: `o-${person}`, total: 54.9, currency: "USD", products: [{ product_id: "p1", price: 54.9, quantity: 1 }] }
client.page({ anonymousId: `a-${person}`, name: "Home", properties: { url: "https://shop.test/" } })
client.identify({ userId: person, anonymousId: `a-${person}`, traits: { email: `${person}@example.test` } })
client.track({ userId: person, event: "Product Viewed", properties: { product_id: "p1" }, timestamp: new Date("2026-01-31T12:00:00Z") })
client.track({ userId: person, event: "Order Completed", properties: order })
client.group({ userId: person, groupId: "g1", traits: { name: "Traders" } })
client.alias({ userId: person, previousId: `old-${person}` })
await close()
