-- Every record that was stored, in order of arrival: what the ledger is proved with, and what time ranges read.
--
-- Merges take later copies of an id out of `page_views`, never out of here: one narrow row a Kafka record. With its
-- time in the key, since a topic that is made anew begins at offset 0 again. It is
-- written by the insert into `page_views` itself; a repeated insert that left off between the two is completed
-- (`deduplicate_blocks_in_dependent_materialized_views`, with a window here too).
-- Records arrive about in order of time, so the smallest and largest time of each granule tell most ranges apart:
-- measured beside a table and a projection ordered by time, at a fraction of what they cost on insert.
CREATE TABLE IF NOT EXISTS page_view_arrivals
(
    topic LowCardinality(String),
    partition Int32,
    offset Int64,
    accepted_at DateTime64(3, 'UTC'),
    event_id String,
    body_hash UInt64,
    occurred_at DateTime64(3, 'UTC'),
    event_type LowCardinality(String),
    content_id String,
    INDEX by_occurred_at occurred_at TYPE minmax GRANULARITY 1,
    INDEX by_accepted_at accepted_at TYPE minmax GRANULARITY 1
)
ENGINE = ReplacingMergeTree
ORDER BY (topic, partition, offset, accepted_at)
SETTINGS non_replicated_deduplication_window = 1000;

CREATE MATERIALIZED VIEW IF NOT EXISTS page_view_arrivals_feed TO page_view_arrivals AS
SELECT topic, partition, offset, accepted_at, event_id, body_hash, occurred_at, event_type, content_id
FROM page_views;

-- What was stored before; a row that the view writes meanwhile is the same row.
INSERT INTO page_view_arrivals
SELECT topic, partition, offset, accepted_at, event_id, body_hash, occurred_at, event_type, content_id
FROM page_views;

-- back
DROP VIEW IF EXISTS page_view_arrivals_feed;
DROP TABLE IF EXISTS page_view_arrivals;
