"""What the rules say in English: what happens, the likely cause, what to do next."""

TEXTS = """
out_of_memory
- memory ran out
- The process needed more memory than it is allowed or than the host has: a leak, a batch or result that
  is too large, or a limit below normal use.
- Look at the memory curve before the first line: a slow rise is a leak (take a heap dump), a jump is one
  request or batch. Check the limit of the container against normal use before restarting.

disk_full
- the disk is full
- A file system has no room left, so writes fail; logs, temporary files or data that is never removed are
  the usual reasons.
- Run df -h and df -i on the host, find what grew (du -x --max-depth=2), free room, then restart what
  stopped; add an alert at 80 %.

descriptors
- file descriptors ran out
- The process holds as many open files and sockets as it may: they are not closed after use, or the limit
  is too low for the load.
- Count what is open (ls /proc/PID/fd, lsof -p PID): many of one kind is a leak. Raise the limit only if
  the number fits the load.

pool_exhausted
- the connection pool is exhausted
- All connections are in use and none is given back in time: slow queries, long transactions, a leak of
  connections, or more workers than the pool serves.
- See what holds the connections (pg_stat_activity, SHOW PROCESSLIST): idle in transaction is a leak,
  long-running is a slow query. Enlarge the pool only within the server's own limit.

threads_exhausted
- no thread or queue slot is free
- Work arrives faster than it is finished, until pool and queue are full; often something behind has
  become slow.
- Take a thread dump and see what the threads wait for; fix that before enlarging the pool.

stalled
- the process or kernel stood still
- Nothing ran for seconds: garbage collection, a starved CPU, or a device that does not answer.
- Compare with CPU steal, memory pressure and disk latency of that minute; for a JVM read the GC log.

replica_lost
- blocks or replicas cannot be served
- A node cannot read or send a copy of the data that it should hold: the copy is damaged or gone, its disk
  fails, or the reader went away during the transfer. Other copies may still serve.
- Check that the affected data still has enough healthy copies (hdfs fsck, under-replicated partitions),
  then disk and network of the named nodes; remove a node only after copies are made.

hardware
- hardware reports faults
- Disk, memory or board report errors. Corrected ones announce a failing part; uncorrected ones put data
  at risk.
- Find the part that most lines name, move the load off it, read its own counters (smartctl, mcelog), and
  plan the replacement; verify recent data on it.

deadlock
- transactions block each other (deadlock)
- Two transactions take the same locks in different order; the database ends one of them.
- Read both statements in the database log, make every writer lock rows in one order, keep transactions
  short, and retry the loser.

schema
- the database schema lacks what the code expects
- Code and schema are of different versions: a migration has not run here, or the code was rolled back
  without it.
- Compare applied and shipped migrations on this database, and check that the connection points to the
  right database and schema.

constraint
- writes violate a database constraint
- The same row is written twice or refers to one that is not there: a retry or double submit that is not
  idempotent, or writes out of order.
- Look at the key that repeats and at who writes it twice; make that write an upsert or idempotent.

slow_query
- database statements run too long
- Statements exceed their limit: a missing index, an outdated plan, or waiting for locks.
- Take the statement from the database log, read its plan (EXPLAIN), and check what it waits for.

password_guessing
- many failed logins, {target}
- Somebody tries user names and passwords by machine. The failures themselves do no harm; an accepted
  login from the same addresses would.
- Search for accepted logins from these addresses first. Then block them (fail2ban, firewall), allow keys
  only, forbid root login, and close the port to the internet if nobody needs it there.

authentication
- authentication against {target} fails
- The credentials that are used are not accepted: a rotated or expired secret, a wrong account, or clocks
  that differ too much for tokens.
- Compare the secret that the process was started with against the current one, and its expiry; restart
  after a rotation; check the clock.

permission
- access to {target} is denied
- The account is known but may not do this: ownership or mode of a file, a role or policy that changed, or
  a process that runs as another user than before.
- See as which user the process runs and what the object allows (ls -l, IAM policy, GRANT); undo the
  change rather than widening the permission.

name_resolution
- {target} cannot be resolved to an address
- DNS does not answer for this name: the name is wrong, its record is gone, or the resolver that this host
  uses cannot be reached.
- Resolve the name from the affected host (dig, getent hosts). If it fails for other names too, look at
  /etc/resolv.conf and the DNS service; if only here, compare the configured name with the deployed one.

unreachable
- no route to {target}
- Packets do not reach the host at all: it is down, its interface or a link between is down, or a route or
  firewall rule changed. Nothing about the service on it is known yet.
- Check that the host is up and answers ping from here; then routes, security groups and the link state of
  both ends. Ask what changed in the network at the time of the first line.

connection_refused
- connections to {target} are refused
- The host answers, but nothing accepts connections on that port: the service is stopped, still starting,
  crashed, or listens on another address or port.
- Look at the service behind that address first: is its process up, and what does its own log say just
  before the first line cited here? Then check address and port in the configuration.

tls
- the TLS handshake with {target} fails
- The two sides do not agree on trust: a certificate has expired, its name does not match, or its issuer
  is not in the trust store of this side.
- Look at the certificate that is really served (openssl s_client -connect host:port): dates, names,
  chain. Then compare with the trust store here; check the clock of both hosts.

address_in_use
- a port is already taken
- Another process listens on that port, often an earlier instance of the same service that has not
  stopped.
- Find the holder (ss -ltnp) and stop it if it is a leftover; else move one of the two.

upstream_failed
- requests to {target} end in server errors (5xx)
- The service behind does not answer well: it is down, overloaded, or fails on these requests. This log
  shows the edge, not the cause.
- Read the log of the service behind for the same minute; compare request rate and latency before and
  after the first line.

timeout
- calls to {target} time out
- The other side does not answer in time: it is overloaded or blocked, or packets are lost on the way. A
  timeout alone does not tell which.
- Look at the load and latency of the other side at that time, then at slow queries or long pauses there;
  compare the timeout with its usual response time before raising it.

connection_lost
- connections to {target} break off
- The other side ended established connections: it restarted or crashed, shed load, or something between
  (proxy, firewall, idle limit) cut them.
- See whether the other side restarted at the first cited line; if not, compare idle limits of proxies and
  firewalls with the age of the broken connections.

link_down
- a network link is down
- A port, cable or switch lost its link; everything that uses it fails after.
- Look at both ends of the link (ethtool, switch port counters); check for a flapping interface.

rate_limited
- {target} limits our requests (429)
- More requests are sent than the other side allows; retries without backoff make it worse.
- Honour Retry-After, add backoff with jitter, and find the caller whose rate rose; only then ask for a
  higher quota.

quorum
- members cannot reach each other to elect a leader
- A member of the ensemble is down or cut off, so elections repeat; as long as a majority is left the
  service works with one less, without a majority it stops.
- Find which member does not answer and whether it is up; ask each member for its state and leader. Then
  check the election and peer ports between the hosts. Restart one member at a time.

crash_loop
- a process keeps ending and being restarted
- The process ends soon after each start. Its own last lines before the exit tell why; the supervisor only
  sees the end.
- Read the log of the previous instance (kubectl logs --previous, journalctl -u) up to its last line;
  compare configuration and image with the last good start.

image_pull
- the container image cannot be pulled
- The tag does not exist in the registry, or the node has no right or no way to fetch it.
- Check that the tag was pushed, the pull secret of the namespace, and the way from the node to the
  registry.

member_lost
- contact with {target} is lost
- A member of the cluster does not hear from another any more and tries again and again: the other is
  down, too busy to answer, or cut off by the network.
- See whether the other side is up and what it logged at the time of the first line; if it is healthy,
  look at the network and name resolution between the two.

retries_spent
- retries are spent, work was given up
- The same call failed until its attempts were used up; what failed first is the cause.
- Find the first failed attempt above and what was lost with the work given up; run it again once the
  cause is gone.

job_failed
- tasks fail
- Units of work end in failure; the reason is in their own diagnostics.
- Open the log of the first failed task, on the node that it ran on.

crashed
- the process crashed
- The program broke in a way that it cannot handle (memory fault or panic); the frames below the first
  cited line show where.
- Keep the core file or panic trace, note the exact build, and look for what changed last: release,
  library, kernel. Roll back if it came with a deploy.

null_value
- the code uses a value that is not there (null)
- A value that the code takes for granted is missing: an input without a field, a lookup without result,
  or an earlier failure that was swallowed.
- Go to the first frame of our own code in the trace and see where that value comes from; the input of the
  first failing request tells which case is not handled.

missing_code
- a class, module or program is missing
- What was built is not what was deployed: a dependency is missing or of another version, or the path to
  it is wrong.
- Compare the image or class path with the last that worked; rebuild from the lock file; check for two
  versions of one library.

missing_file
- a file is not where it is expected
- The path is wrong, the file was moved or removed, or the volume that holds it is not mounted.
- Look at the path on the host as the user of the process; check mounts and the last deploy or cleanup
  job.

configuration
- the configuration is wrong or incomplete
- A setting is missing, misspelled or not valid in this environment.
- Compare the settings of this environment with one that works, starting with the name that the first
  cited line mentions.

recursion
- a call recurses without end
- A function calls itself without reaching its end, often on data that refers to itself.
- Find the frames that repeat in the trace; check the data of the first failing request for a cycle.

bad_data
- input cannot be read (wrong format)
- Data does not have the shape that the code expects: a producer changed its format, or bytes were cut or
  damaged on the way.
- Keep one failing input, compare it with the contract, and ask which producer was released last.

defect
- a defect in the code raises an exception
- The program does something that its language refuses (a name, type, key or index that is not there, a state
  that was thought impossible). Restarting does not help; the same input fails again.
- Open the innermost frame of our own code in the trace. If it began with a release, roll back; then write the
  failing case as a test.

unhandled
- an exception is not handled
- The log names an exception but no cause that a rule knows; the innermost frames tell more.
- Read the trace from its innermost cause outwards and stop at the first frame of our own code.

unrecognised
- logs errors of a kind that no rule knows
- The log calls these lines errors, but they match no known kind of failure. The earliest ones are cited,
  since what fails first usually explains what follows.
- Read the first cited line and what stands just before it; search the code for its fixed words, and the
  release notes for changes of that day.

warned
- only warnings, no failure
- Nothing in this log is called an error and no known kind of failure appears; there are warnings, which may
  be normal here.
- Compare the number of these warnings with an ordinary day. If something is wrong, the reason is likely in
  the log of another service or before the first line.
"""
