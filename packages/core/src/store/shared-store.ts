/** What changed in a shared store. */
export type NewsSubject =
  /** The catalog of this server, or what is held of one, or the head of its log. */
  | 'catalog'
  /** The own keys. */
  | 'keys'
  /** Who follows this server. */
  | 'followers'
  /** A follower was heard from. */
  | 'alive'
  /** Whether, or how, a server is followed. */
  | 'following'
  /** The load balancers of this server. */
  | 'balancers'

/** What one process tells the others that share its store. */
export interface News {
  readonly subject: NewsSubject
  /** The server whom it concerns, canonical. */
  readonly serverName: string
}

/** Told of news; undefined when some may have been missed, so that anything may have changed. */
export type NewsListener = (news: News | undefined) => void

/** How the processes that share a store work together. */
export interface SharedStore {
  /**
   * Takes some work, or keeps what this process has, for `ttlMs` from now. Whoever has it asks again well before that;
   * when it dies, another one gets it when the time is up.
   *
   * @param name - of the work, 255 characters at most.
   * @param ttlMs - 1,000 to 600,000.
   * @returns false while another process has it.
   */
  claim(name: string, ttlMs: number): Promise<boolean>
  /** Gives it back, so that another process gets it at once; fine when this one has not got it. */
  release(name: string): Promise<void>
  /** Tells all other processes. What commits change is told by itself, to this one too. */
  tell(news: News): Promise<void>
  /**
   * Listens to what is told from soon on.
   *
   * @returns a function that ends it.
   */
  listen(listener: NewsListener): () => void
}
