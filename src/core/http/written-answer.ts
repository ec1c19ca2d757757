/** An answer as it goes over the wire, without the headers that every answer has. */
export class WrittenAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** Of the resource in the body, where it has one: the `ETag` is made from it. */
  readonly version: number | undefined;
  /** Empty where there is none. */
  readonly body: string;

  constructor({ status, headers, version, body }: Pick<WrittenAnswer, 'status' | 'headers' | 'version' | 'body'>) {
    this.status = status;
    this.headers = headers;
    this.version = version;
    this.body = body;
  }

  /** @returns the same answer with one header more */
  with(name: string, value: string): WrittenAnswer {
    const { status, headers, version, body } = this;
    return new WrittenAnswer({ status, headers: { ...headers, [name]: value }, version, body });
  }
}
