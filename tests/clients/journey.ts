// What a user of the generated TypeScript client does; tests/test_clients.py checks and runs it.

import { strict as assert } from "node:assert";

import { client } from "./service-client/client.gen";
import {
  createPrediction,
  downloadResult,
  listModels,
  listPredictions,
  predict,
  readPrediction,
  removePrediction,
  submitBatchPrediction,
  watchTask,
} from "./service-client/sdk.gen";
import type { Features, Problem, Task } from "./service-client/types.gen";

const CSV = "sepal_length_cm,sepal_width_cm,petal_length_cm,petal_width_cm\n5.1,3.5,1.4,0.2\n";

function flower(petal_width_cm = 0.2): Features {
  return { sepal_length_cm: 5.1, sepal_width_cm: 3.5, petal_length_cm: 1.4, petal_width_cm };
}

async function demandPredictions(): Promise<void> {
  const { data: one } = await predict({ body: flower() });
  assert(one !== undefined && !Array.isArray(one));
  assert(one.probabilities.setosa > 0.9);
  const { data: two } = await predict({ body: [flower(), flower(29)] });
  assert(Array.isArray(two));
  assert.deepEqual(two.map((prediction) => prediction.warnings.length), [0, 1]);
  const { data: kept } = await createPrediction({ body: flower() });
  assert(kept !== undefined && !Array.isArray(kept));
  const path = { prediction_id: kept.id };
  const { data: page } = await listPredictions({ query: { limit: 1 } });
  assert.deepEqual(page?.items, [kept]);
  assert.deepEqual((await readPrediction({ path })).data, kept);
  assert.equal((await removePrediction({ path })).response?.status, 204);
  const missing: Problem | undefined = (await readPrediction({ path })).error;
  assert.equal(missing?.type, "urn:problem:PredictionNotFound");
}

async function demandATask(): Promise<void> {
  const file = new File([CSV], "flowers.csv", { type: "text/csv" });
  const { data: task } = await submitBatchPrediction({ body: { file } });
  assert(task !== undefined);
  const path = { task_id: task.id };
  const { stream } = await watchTask({ path });
  let last: Task | undefined;
  for await (const event of stream) {
    if (typeof event === "object") {
      last = event;
    }
  }
  assert.equal(last?.state, "succeeded");
  assert.equal(last.progress, 1);
  const { data: result } = await downloadResult({ path });
  assert(result?.split("\n")[1].startsWith("5.1,3.5,1.4,0.2,setosa,0.9"));
}

async function demandProblems(): Promise<void> {
  const { error: refused } = await predict({ body: flower(31) });
  const errors = refused?.errors?.map((field) => [field.pointer, field.rule]);
  assert.deepEqual(errors, [["/petal_width_cm", "less_than_equal"]]);
  const { error: problem } = await listModels({ headers: { "X-API-Key": "wrong" } });
  assert.equal(problem?.status, 401);
}

async function main(baseUrl: string, key: string): Promise<void> {
  client.setConfig({ baseUrl, auth: key });
  await demandPredictions();
  await demandATask();
  await demandProblems();
}

const [url, key] = process.argv.slice(2);
main(url, key).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
