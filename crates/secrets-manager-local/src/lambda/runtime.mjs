// Runs one handler as Lambda's own runtime for Node does: `node --input-type=module --eval THIS FILE NAME`.
// A process serves one invocation at a time, and ends when its Runtime API is gone.
import http from 'node:http';
import { pathToFileURL } from 'node:url';

const [file, name] = process.argv.slice(-2);
const runtime = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime`;

function ask(method, path, body) {
  return new Promise((resolve, reject) => {
    const request = http.request(runtime + path, { method }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ headers: response.headers, text: Buffer.concat(parts).toString() }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

function described(error) {
  if (!(error instanceof Error)) return JSON.stringify({ errorType: typeof error, errorMessage: String(error), trace: [] });
  return JSON.stringify({ errorType: error.name, errorMessage: error.message, trace: (error.stack ?? '').split('\n') });
}

async function load() {
  try {
    const module = await import(pathToFileURL(file));
    const handler = module[name] ?? module.default?.[name];
    if (typeof handler === 'function') return handler;
    const missing = new Error(`${name} is undefined or not exported`);
    missing.name = 'Runtime.HandlerNotFound';
    throw missing;
  } catch (error) {
    console.error(error);
    await ask('POST', '/init/error', described(error));
    process.exit(1);
  }
}

function context(headers) {
  const deadline = Number(headers['lambda-runtime-deadline-ms']);
  return {
    awsRequestId: headers['lambda-runtime-aws-request-id'],
    invokedFunctionArn: headers['lambda-runtime-invoked-function-arn'],
    functionName: process.env.AWS_LAMBDA_FUNCTION_NAME,
    functionVersion: process.env.AWS_LAMBDA_FUNCTION_VERSION,
    memoryLimitInMB: process.env.AWS_LAMBDA_FUNCTION_MEMORY_SIZE,
    logGroupName: process.env.AWS_LAMBDA_LOG_GROUP_NAME,
    logStreamName: process.env.AWS_LAMBDA_LOG_STREAM_NAME,
    callbackWaitsForEmptyEventLoop: true,
    getRemainingTimeInMillis: () => deadline - Date.now(),
  };
}

// A handler answers with a promise, or through its third parameter.
function invoke(handler, event, about) {
  return new Promise((resolve, reject) => {
    const callback = (error, answer) => (error ? reject(error) : resolve(answer));
    const answer = handler(event, about, callback);
    if (typeof answer?.then === 'function') answer.then(resolve, reject);
    else if (handler.length < 3) resolve(answer);
  });
}

const handler = await load();
for (;;) {
  const { headers, text } = await ask('GET', '/invocation/next');
  const invocation = `/invocation/${headers['lambda-runtime-aws-request-id']}`;
  try {
    const answer = await invoke(handler, JSON.parse(text), context(headers));
    await ask('POST', `${invocation}/response`, JSON.stringify(answer) ?? 'null');
  } catch (error) {
    console.error(error);
    await ask('POST', `${invocation}/error`, described(error));
  }
}
