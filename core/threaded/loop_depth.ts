/**
 * How many loops each block of a region is in.
 *
 * @module
 */
import { DISPATCHER, dominates, type Graph } from "./graph.ts";

/** For each block, the number of loops around it; what goes round through the dispatcher is none. */
export function loopDepths(graph: Graph): readonly number[] {
  const predecessors: number[][] = graph.blocks.map(() => []);
  graph.successors.forEach((all, from) => all.forEach((to) => predecessors[to]?.push(from)));
  const loops = new Map<number, Set<number>>();
  graph.successors.forEach((all, from) => {
    for (const header of all) {
      if (header === DISPATCHER || header > from || !dominates(graph, header, from)) continue;
      const body = loops.get(header) ?? new Set([header]);
      loops.set(header, body);
      addBody(body, from, predecessors);
    }
  });
  const depths = graph.blocks.map(() => 0);
  for (const body of loops.values()) for (const block of body) depths[block] = (depths[block] ?? 0) + 1;
  return depths;
}

/** Adds the blocks from which the end of a loop is reached without passing its header. */
function addBody(body: Set<number>, end: number, predecessors: readonly (readonly number[])[]): void {
  const open = [end];
  for (let block = open.pop(); block !== undefined; block = open.pop()) {
    if (body.has(block)) continue;
    body.add(block);
    open.push(...predecessors[block] ?? []);
  }
}
