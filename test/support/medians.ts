type Work = (round: number) => PromiseLike<unknown>;

/** Takes turns, so that whatever else the machine does befalls all. @returns how many ms each takes, in the median of so many calls */
export async function mediansInTurn(calls: number, works: readonly Work[]): Promise<number[]> {
  const times = works.map((): number[] => []);
  for (let round = 0; round < calls; round += 1) {
    for (const [index, work] of works.entries()) {
      const start = performance.now();
      await work(round);
      times[index]!.push(performance.now() - start);
    }
  }
  return times.map(medianOf);
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
