"""What the rules about data stores, connections and attackers say in English."""

TEXTS = """
corruption
- stored data is damaged
- Pages of a table, index or log do not have the content or checksum that they must have: a failing disk
  or memory, a crash in the middle of a write, or a copy that was made while the store ran.
- Stop writing to it first and keep a copy of the files as they are. Find what is damaged (amcheck,
  CHECK TABLE), restore it from the last good backup or a replica, and test disk and memory of the host
  before going on.

store_memory
- the data store has no memory left for writes
- The store has reached its limit of memory and refuses writes, or cannot copy itself to save its data:
  more keys than planned, entries without an expiry, or a limit below need.
- Compare used and allowed memory (INFO memory), look for keys without expiry and for large ones, and
  check the eviction policy. Free room or raise the limit before restarting the callers: they only
  follow.

lock_wait
- statements wait for a lock that is held too long
- One transaction holds a lock that others need: a change of the schema, a batch, or a session left open
  in a transaction. What waits behind it queues up until it times out.
- Find the holder (pg_blocking_pids, SHOW ENGINE INNODB STATUS) and decide whether to end it. Run
  changes of the schema with a short lock_timeout, in steps that do not rewrite the table.

conntrack_full
- the table of tracked connections is full, packets are dropped
- The kernel follows each connection and has no room for further ones: a surge of short connections, or
  a limit that is too small for the traffic. New connections then time out at random.
- Compare nf_conntrack_count with nf_conntrack_max, find who opens so many connections (conntrack -S, ss
  -s), keep connections open where callers can, and raise the limit with the memory that it needs.

ports_exhausted
- no local port is free for new connections to {target}
- Connections are opened and closed so fast that all local ports wait in TIME_WAIT, or a pool leaks
  them. The other side may be healthy.
- Count connections by state and target (ss -tan), reuse connections (keep-alive, a pool with a bound),
  and close bodies of answers; widen ip_local_port_range only as a stopgap.

injection_attempt
- somebody tries to inject code into requests, {target}
- Requests carry pieces of SQL, scripts or look-ups where plain values belong. Errors of the database or
  500s on the same requests mean that some of it reached the code behind.
- Find the requests that were not refused, and what they returned. Fix the statement that is put
  together from text (bind parameters), block the source, and look for data that was read or changed at
  that time.

privilege_abuse
- an account tries to get rights that it does not have
- A user or a service account runs commands or reads files that are not for it: a stolen account, a
  changed script, or a person who tries what is possible.
- Ask the owner of the account about these lines. If they are not explained, lock the account, end its
  sessions, and look at where its login came from and what else it did.

probing
- paths are probed for weaknesses, {target}
- A scanner asks for files and interfaces that should not be public. By itself this is the noise of the
  internet; an answer other than 400, 403 or 404 to one of these requests would not be.
- Check that none of these requests was answered with 200, that no such file is served, and block or
  slow down the source.
"""
