// What `inspect` in the configuration may be, without XState in the published types: an observer of XState's fits.

/** What XState tells of its actors: `actorRef` is the actor itself, and by `type` there is more, see XState's InspectionEvent. */
export interface XstateInspection {
  readonly type: string;
  readonly rootId: string | undefined;
  readonly actorRef: { readonly sessionId: string };
}

/** An observer of XState's `inspect` option; written as a method, so that one of XState's own types fits. */
export interface InspectObserver {
  next?(event: XstateInspection): void;
}
