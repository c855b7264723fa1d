type IsAny<T> = 0 extends 1 & T ? true : false;
/** True when each type can stand for the other, and neither is `any`. */
type Same<A, B> = IsAny<A> extends true ? false : IsAny<B> extends true ? false : [A, B] extends [B, A] ? true : false;

/** Fails to compile unless the value has the type, no wider and no narrower: `expectType<number>()(value)`. */
export const expectType =
  <Wanted>() =>
  <Found>(_value: Found, ..._isSame: Same<Wanted, Found> extends true ? [] : ['not the same type']): void =>
    undefined;
