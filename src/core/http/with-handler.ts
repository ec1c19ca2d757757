/**
 * @returns a parameter's decorator that says something of the parameter's handler, too
 * @throws Error where it stands elsewhere, at a constructor for one
 */
export function withHandler(read: ParameterDecorator, ...decorators: readonly MethodDecorator[]): ParameterDecorator {
  return (target, method, index) => {
    read(target, method, index);
    const descriptor = method === undefined ? undefined : Object.getOwnPropertyDescriptor(target, method);
    if (method === undefined || !descriptor) throw new Error('this decorator is for a parameter of a handler');
    for (const decorate of decorators) decorate(target, method, descriptor);
  };
}
