/**
 * The debugger stub: the GDB remote serial protocol over a machine. Nothing here opens a connection.
 *
 * @module
 */
export { BareRun, type BareRunOptions, SLICE } from "./bare_run.ts";
export { type ChannelMemory, channelMemory, ChannelReader, ChannelWriter } from "./byte_channel.ts";
export { type Client, DebuggedEngine, type DebuggedEngineOptions, Killed } from "./debugged_engine.ts";
export { Debuggee, type DebuggeeOptions, type Resumption, type StopReason } from "./debuggee.ts";
export { Session } from "./session.ts";
export type { World } from "./world_contexts.ts";
