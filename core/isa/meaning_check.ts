/**
 * Checks that a meaning refers only to what its row has, before anything evaluates it.
 *
 * @module
 */
import type { Expr, Stmt } from "./meaning.ts";
import { type Fail, isRegisterField } from "./pattern.ts";

/** Checks registers, immediates, bound names, widths and call names of a meaning against the row's fields. */
export function checkMeaning(meaning: Stmt, fields: readonly { readonly name: string }[], fail: Fail): void {
  new Check(fields, fail).statement(meaning);
}

class Check {
  readonly #fields: readonly { readonly name: string }[];
  readonly #fail: Fail;
  readonly #bound: string[] = [];

  constructor(fields: readonly { readonly name: string }[], fail: Fail) {
    this.#fields = fields;
    this.#fail = fail;
  }

  #hasField(name: string): boolean {
    return this.#fields.some((field) => field.name === name);
  }

  #register(field: string): void {
    if (!this.#hasField(field)) {
      this.#fail(`its meaning uses register ${field}, which is no field of its bits`);
    }
  }

  #immediate(name: string): void {
    if (isRegisterField(name)) this.#fail(`its meaning takes register ${name} for an immediate`);
    if (!this.#hasField(name)) {
      this.#fail(`its meaning uses immediate ${name}, which is no field of its bits`);
    }
  }

  #expression(e: Expr): void {
    switch (e.kind) {
      case "const":
      case "pc":
        return;
      case "register":
      case "registerNumber":
      case "float":
      case "flag":
        return this.#register(e.field);
      case "operand":
        return this.#immediate(e.name);
      case "bound":
        if (!this.#bound.includes(e.name)) this.#fail(`its meaning uses ${e.name} before it is bound`);
        return;
      case "unary":
      case "address":
        return this.#expression(e.a);
      case "binary":
        this.#expression(e.a);
        return this.#expression(e.b);
      case "extend":
        if (!Number.isInteger(e.bits) || e.bits < 1 || e.bits > 63) {
          this.#fail(`its meaning extends ${e.bits} bits, range is 1 to 63`);
        }
        return this.#expression(e.a);
      case "select":
        this.#expression(e.condition);
        this.#expression(e.a);
        return this.#expression(e.b);
      case "load":
        return this.#expression(e.address);
    }
  }

  statement(s: Stmt): void {
    switch (s.kind) {
      case "set":
      case "setFloat":
      case "setFlag":
        this.#register(s.field);
        return this.#expression(s.value);
      case "compute":
        this.#register(s.target);
        return s.operands.forEach((field) => this.#register(field));
      case "link":
        return this.#expression(s.value);
      case "bind":
        this.#expression(s.value);
        if (this.#bound.includes(s.name)) this.#fail(`its meaning binds ${s.name} twice`);
        this.#bound.push(s.name);
        return;
      case "store":
        this.#expression(s.address);
        return this.#expression(s.value);
      case "jump":
        return this.#expression(s.target);
      case "branch":
        this.#expression(s.condition);
        return this.#expression(s.target);
      case "raise":
        this.#expression(s.condition);
        if (s.badv !== undefined) this.#expression(s.badv);
        return;
      case "call":
        if (s.name === "") this.#fail("its meaning calls a function without a name");
        return;
      case "seq":
        s.body.forEach((part) => this.statement(part));
    }
  }
}
