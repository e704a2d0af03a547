/** A store with some of its verbs replaced, and one whose owner can die. */
import { StoreError } from '../src/index.ts';
import type { Store } from '../src/index.ts';

/** The store, but for these verbs. */
export function withVerbs(store: Store, verbs: Partial<Store>): Store {
  return new Proxy(store, {
    get(target, name) {
      const owner = name in verbs ? verbs : target;
      const value: unknown = Reflect.get(owner, name, owner);
      return typeof value === 'function' ? (value.bind(owner) as unknown) : value;
    },
  });
}

/** A store as a process sees it that dies with `die`: nothing it does afterwards has any effect. */
export function mortal(store: Store): { readonly store: Store; readonly die: () => void } {
  let alive = true;
  const mortalStore = new Proxy(store, {
    get(target, name) {
      const value: unknown = Reflect.get(target, name, target);
      if (typeof value !== 'function') return value;
      if (name === 'onChange') {
        return (listener: (what: 'due' | 'events') => void) =>
          target.onChange((what) => {
            if (alive) listener(what);
          });
      }
      if (name === 'usage') return target.usage.bind(target);
      return (...given: unknown[]): unknown =>
        alive ? Reflect.apply(value, target, given) : Promise.reject(dead());
    },
  });
  return {
    store: mortalStore,
    die: () => {
      alive = false;
    },
  };
}

function dead(): StoreError {
  return new StoreError('stopped', 'this process is dead');
}
