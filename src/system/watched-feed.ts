// A feed that somebody fills only while it is read: it tells when its first reader has come and its last one has gone.

import { Feed, type FeedReader } from "./feed.js";

export class WatchedFeed extends Feed {
  readonly #watched: (isWatched: boolean) => void;
  #readers = 0;

  /** `watched` is called with true before the first reader begins, with false after the last one has stopped. */
  constructor(watched: (isWatched: boolean) => void) {
    super();
    this.#watched = watched;
  }

  get readers(): number {
    return this.#readers;
  }

  override follow(reader: FeedReader): () => void {
    if (++this.#readers === 1) this.#watched(true);
    const unfollow = super.follow(reader);
    let isOver = false;
    return () => {
      unfollow();
      if (isOver) return;
      isOver = true;
      if (--this.#readers === 0) this.#watched(false);
    };
  }
}
