/**
 * Checks that a meaning refers only to what its row has, before anything evaluates it.
 *
 * @module
 */
import type { Expr, Stmt } from "./meaning.ts";
import { type Fail, isRegisterField } from "./pattern.ts";

/** Checks registers, immediates, bound names, widths and call names of a meaning against the row's field names. */
export function checkMeaning(meaning: Stmt, fields: readonly string[], fail: Fail): void {
  const known = new Set(fields);
  const boundNames = new Set<string>();

  function register(field: string): void {
    if (!known.has(field)) fail(`its meaning uses register ${field}, which is no field of its bits`);
  }

  function expression(e: Expr): void {
    switch (e.kind) {
      case "const":
      case "pc":
        return;
      case "register":
      case "registerNumber":
      case "float":
      case "flag":
        return register(e.field);
      case "operand":
        if (isRegisterField(e.name)) fail(`its meaning takes register ${e.name} for an immediate`);
        if (!known.has(e.name)) fail(`its meaning uses immediate ${e.name}, which is no field of its bits`);
        return;
      case "bound":
        if (!boundNames.has(e.name)) fail(`its meaning uses ${e.name} before it is bound`);
        return;
      case "unary":
        return expression(e.a);
      case "binary":
        expression(e.a);
        return expression(e.b);
      case "address":
        return expression(e.a);
      case "extend":
        if (!Number.isInteger(e.bits) || e.bits < 1 || e.bits > 63) {
          fail(`its meaning extends ${e.bits} bits, range is 1 to 63`);
        }
        return expression(e.a);
      case "select":
        expression(e.condition);
        expression(e.a);
        return expression(e.b);
      case "load":
        return expression(e.address);
    }
  }

  function statement(s: Stmt): void {
    switch (s.kind) {
      case "set":
      case "setFloat":
      case "setFlag":
        register(s.field);
        return expression(s.value);
      case "compute":
        return [s.target, ...s.operands].forEach(register);
      case "link":
        return expression(s.value);
      case "bind":
        expression(s.value);
        if (boundNames.has(s.name)) fail(`its meaning binds ${s.name} twice`);
        boundNames.add(s.name);
        return;
      case "store":
        expression(s.address);
        return expression(s.value);
      case "jump":
        return expression(s.target);
      case "branch":
        expression(s.condition);
        return expression(s.target);
      case "raise":
        expression(s.condition);
        if (s.badv !== undefined) expression(s.badv);
        return;
      case "call":
        if (s.name === "") fail("its meaning calls a function without a name");
        return;
      case "seq":
        s.body.forEach(statement);
    }
  }

  statement(meaning);
}

/** The floating-point operations of a meaning. */
export function operationNames(meaning: Stmt): readonly string[] {
  if (meaning.kind === "compute") return [meaning.operation];
  return meaning.kind === "seq" ? meaning.body.flatMap(operationNames) : [];
}

/** The functions that a meaning calls. */
export function callNames(meaning: Stmt): readonly string[] {
  if (meaning.kind === "call") return [meaning.name];
  return meaning.kind === "seq" ? meaning.body.flatMap(callNames) : [];
}
