/**
 * Has a class stand for one of the platform's: its objects are of that class too, `instanceof` it is true for the
 * platform's own objects, and what it does not have itself it inherits.
 *
 * @internal
 */
export function standsFor(own: Constructor, native: Constructor, name: string): void {
  Object.setPrototypeOf(own, native);
  Object.setPrototypeOf(own.prototype, native.prototype);
  Object.defineProperties(own, {
    name: { value: name },
    [Symbol.hasInstance]: {
      // A subclass inherits it.
      value(this: Constructor, value: unknown): boolean {
        const { prototype } = this === own ? native : this;
        return Object.prototype.isPrototypeOf.call(prototype, value as object); // False for what is no object.
      },
    },
  });
}

interface Constructor {
  readonly prototype: object;
}
