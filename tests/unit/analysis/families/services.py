"""What services of today write: access log, Kubernetes agent, logfmt, a database, a Java service."""

from .corpus import Family

ACCESS = Family(
    "access-log",
    "",
    (
        (600, '~ip~ - - [10/Oct/2023:13:55:36 +0000] "GET ~url~ HTTP/1.1" ~200|404~ ~int~ "-" "Mozilla/5.0"'),
        (200, '~ip~ - - [10/Oct/2023:13:55:36 +0000] "POST ~path~ HTTP/1.1" 201 ~int~ "-" "curl/8.~small~"'),
        (50, '~ip~ - - [10/Oct/2023:13:55:36 +0000] "DELETE ~path~/~int~ HTTP/1.1" 204 0 "-" "curl/8.~small~"'),
    ),
)

AGENT = Family(
    "node-agent",
    "E1024 10:11:12.~int~ ~int~ pod_workers.go:~int~] ",
    (
        (150, 'Error syncing pod ~uuid~ ("~host~_default(~uuid~)"), skipping: failed to "StartContainer" for "~word~"'
              ' with CrashLoopBackOff: "back-off ~int~s restarting failed container=~word~"'),
        (150, 'Readiness probe for "~host~_default(~uuid~):~word~" failed (failure): Get http://~ip~:8080/healthz:'
              " dial tcp ~ip~:8080: connect: connection refused"),
        (100, "Reconciler: start to sync state"),
        (100, 'MountVolume.SetUp succeeded for volume "~word~" (UniqueName: "kubernetes.io/secret/~uuid~-~word~")'),
        (100, 'UnmountVolume.TearDown succeeded for volume "~word~" (OuterVolumeSpecName: "~word~")'),
        (60, "Image garbage collection failed once. Stats initialization may not have completed yet"),
        (60, "Container ~sha~ failed liveness probe, will be restarted"),
        (40, 'Successfully pulled image "registry.example.net/~word~:v~small~" in ~float~s'),
        (40, "Started container"),
        (40, "Created container"),
        (30, "Killing container with id docker://~sha~"),
    ),
)

KEYVALUE = Family(
    "logfmt",
    "time=2024-03-01T10:00:00.~int~Z level=info ",
    (
        (200, 'msg="request completed" method=GET path=~path~ status=~int~ duration=~float~ms request_id=~uuid~'),
        (100, 'msg="request completed" method=POST path=~path~ status=~int~ duration=~float~ms request_id=~uuid~'),
        (100, 'msg="cache miss" key=~word~:~int~ ttl=~int~s'),
        (60, 'msg="cache hit" key=~word~:~int~ ttl=~int~s'),
        (60, 'msg="retrying" attempt=~small~ err="dial tcp ~ip~:~port~: connect: connection refused"'),
        (60, 'msg="retrying" attempt=~small~ err="context deadline exceeded"'),
        (60, 'msg="user logged in" user=~user~ ip=~ip~'),
        (60, 'msg="user logged out" user=~user~ ip=~ip~'),
        (40, 'msg="queue drained" depth=~small~'),
        (40, 'msg="leader elected" node=~host~ term=~int~'),
    ),
)

DATABASE = Family(
    "database",
    "2024-03-01 10:00:00.~int~ UTC [~int~] LOG:  ",
    (
        (100, "connection received: host=~ip~ port=~port~"),
        (100, "connection authorized: user=~user~ database=~word~ application_name=psql"),
        (80, "disconnection: session time: 0:00:~float~ user=~user~ database=~word~ host=~ip~ port=~port~"),
        (60, "checkpoint starting: time"),
        (30, "checkpoint starting: xlog"),
        (60, "checkpoint complete: wrote ~int~ buffers (~float~%); 0 WAL file(s) added, ~small~ removed, ~small~"
             " recycled; write=~float~ s, sync=~float~ s, total=~float~ s"),
        (60, "duration: ~float~ ms  statement: SELECT 1"),
        (60, 'duplicate key value violates unique constraint "~word~_pkey"'),
        (40, "Key (id)=(~int~) already exists."),
        (40, "deadlock detected"),
        (40, "Process ~int~ waits for ShareLock on transaction ~int~; blocked by process ~int~."),
        (30, 'password authentication failed for user "~user~"'),
        (30, "remaining connection slots are reserved for non-replication superuser connections"),
        (20, "could not send data to client: Broken pipe"),
        (20, "canceling statement due to statement timeout"),
        (20, "canceling statement due to user request"),
        (20, "database system is ready to accept connections"),
        (20, "database system is shut down"),
    ),
)

JVM = Family(
    "jvm-service",
    "2024-03-01 10:00:00,~int~ INFO  [http-nio-8080-exec-~small~] com.example.shop.OrderService - ",
    (
        (120, "VM Started (Lifecycle Event)"),
        (100, "VM Paused (Lifecycle Event)"),
        (100, "VM Resumed (Lifecycle Event)"),
        (60, "VM Stopped (Lifecycle Event)"),
        (40, "VM Deleted (Lifecycle Event)"),
        (40, "VM Migrated (Lifecycle Event)"),
        (150, "Order ~int~ accepted for customer ~user~ in ~int~ ms"),
        (60, "Order ~int~ rejected for customer ~user~ in ~int~ ms"),
        (60, "HikariPool-1 - Connection is not available, request timed out after ~int~ms."),
        (60, "Starting job ~word~"),
        (60, "Finished job ~word~"),
        (60, "Evicted [~list~] from region ~word~"),
        (40, "Node ~host~ joined the cluster"),
        (40, "Node ~host~ left the cluster"),
        (30, "\tat com.example.shop.OrderService.place(OrderService.java:~int~)"),
        (30, "\tat com.example.shop.StockClient.reserve(StockClient.java:~int~)"),
        (30, "\tat java.lang.Thread.run(Thread.java:~int~)"),
        (30, "Caused by: java.net.ConnectException: Connection refused"),
        (20, "Transitioned from NEW to QUEUED"),
        (20, "Transitioned from QUEUED to RUNNING"),
        (20, "Transitioned from RUNNING to FAILED"),
        (20, "Transitioned from RUNNING to DONE"),
        (10, "Transitioned from DONE to CLOSED"),
    ),
)
