// What searches and answers have in common, for the types of resources to be short.

/** A word of a list that may grow: those that are known, and any other text. */
export type Open<Known extends string> = Known | (string & {});

type Plain<Value> = NonNullable<Value> extends readonly (infer Item)[] ? Item : NonNullable<Value>;
type Single = "eq" | "neq" | "gt" | "gte" | "lt" | "lte" | "contains" | "not_contains" | "starts_with" | "ends_with";
type Several = "in" | "not_in" | "between" | "contains_any" | "contains_all" | "contains_none";

/** A field compared with one value, with several, or with none. `Operators`: of each field, those it may be compared by. */
export type Condition<Operators> = {
  [Field in keyof Operators]: Operators[Field] extends readonly [infer Operator, infer Value] ?
    | { field: Field; operator: Extract<Operator, Single>; value: Plain<Value> }
    | { field: Field; operator: Extract<Operator, Several>; values: readonly Plain<Value>[] }
    | { field: Field; operator: Extract<Operator, "is_empty" | "is_not_empty"> }
  : never;
}[keyof Operators];

/** A condition, or a group: every one holds, at least one holds, this one does not. */
export type Filter<Operators> =
  | Condition<Operators>
  | { all: readonly Filter<Operators>[] }
  | { any: readonly Filter<Operators>[] }
  | { not: Filter<Operators> };

/** Fields of a record for conditions that all these operators are for. */
export type By<Model, Fields extends string, Operators extends string> = {
  [Field in Fields]: readonly [Operators, Field extends keyof Model ? Model[Field] : never];
};

/** Which records, in which order. Without members: all, the newest first. */
export interface Search<Operators, Order extends string, Field> {
  /** Conditions that all must hold. */
  filters?: readonly Filter<Operators>[] | null;
  /** Words to look for in the texts. */
  search_text?: string | null;
  order_by?: Order | null;
  sort_direction?: "asc" | "desc" | null;
  /** How many records a page has, up to 100. */
  limit?: number | null;
  /** Where to begin: `next` of a page of the same search. */
  cursor?: string | null;
  /** Only these fields of the records, and `id`. */
  fields?: readonly Field[] | null;
}

/** Of a read: only these fields of the record, and `id`. */
export interface Selection<Field> {
  fields?: readonly Field[];
}

/** Of a list beneath a record. */
export interface Listing<Field = never> {
  /** How many records a page has, up to 100. */
  limit?: number;
  cursor?: string;
  fields?: readonly Field[];
}

/** Records that were asked for by id: those that are there, in that order, and the ids of the others. */
export interface Batch<Model> {
  data: Model[];
  missing: string[];
}

/** A record, or of it the fields that were chosen. */
export type Selected<Model, Field extends keyof Model> =
  keyof Model extends Field ? Model : Pick<Model, Field | ("id" & keyof Model)>;

/** A file of rows. A stream is sent once: what fails is not tried again. */
export type Csv = string | Uint8Array | Blob | ReadableStream<Uint8Array>;

/** What a webhook is sent. */
export interface Told<Type extends string, Data> {
  /** The same at every attempt. */
  id: string;
  type: Type;
  created_at: string;
  /** Grows with every event of the workspace; gaps are normal. */
  sequence: number;
  tenant_id: string;
  /** The contract of `data`. */
  version: string;
  /** What `data` is. */
  object: string;
  /** When the record was read. */
  as_of: string;
  /** Whether the record is not in it whole. */
  partial: boolean;
  omitted: Open<"thin" | "too_large" | "budget" | "unavailable" | "not_offered"> | null;
  /** What was there before, of the fields that say so. */
  previous: Record<string, unknown> | null;
  data: Data;
  /** True in a trial. */
  test?: boolean;
}
