-- The loop through people: what went out, what came back, and which head is in use. Rows are appended; an edit is a newer
-- row of the same annotation, a deletion a row whose state is 'retracted'.

ALTER TABLE review_items ADD COLUMN also BIGINT[];
COMMENT ON COLUMN review_items.also IS 'Near-duplicates of the item, which its answer settles too.';

CREATE TABLE tasks (
    batch_id    BIGINT NOT NULL,
    item_id     BIGINT NOT NULL,
    destination VARCHAR NOT NULL,
    task_id     BIGINT,
    run_id      BIGINT NOT NULL,
    exported_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE tasks IS 'Items that were sent out, to which file or server project; a cache, for the server is the truth.';

CREATE TABLE annotations (
    annotation    VARCHAR NOT NULL,
    source        VARCHAR NOT NULL,
    annotation_id BIGINT NOT NULL,
    updated_at    TIMESTAMPTZ NOT NULL,
    task_id       BIGINT NOT NULL,
    task_made_at  TIMESTAMPTZ,
    item_id       BIGINT NOT NULL,
    batch_id      BIGINT,
    head_id       VARCHAR,
    who           VARCHAR NOT NULL,
    state         VARCHAR NOT NULL,
    code          VARCHAR,
    label         VARCHAR,
    flags         VARCHAR[] NOT NULL,
    new_category  VARCHAR,
    comment       VARCHAR,
    origin        VARCHAR,
    created_at    TIMESTAMPTZ NOT NULL,
    lead_time_s   DOUBLE,
    result        JSON NOT NULL,
    run_id        BIGINT NOT NULL
);
COMMENT ON TABLE annotations IS 'What each person said in each version (annotation is its unique id, the same in a file and from the server); state is answered, skipped, flagged (no label) or retracted.';

CREATE VIEW current_annotations AS
SELECT * FROM annotations
QUALIFY row_number() OVER (PARTITION BY annotation ORDER BY updated_at DESC, run_id DESC) = 1;
COMMENT ON VIEW current_annotations IS 'The newest version of each annotation, retracted ones included.';

CREATE VIEW answers AS
SELECT * FROM (
    SELECT * FROM labels WHERE source <> 'catalogue'
    QUALIFY row_number() OVER (PARTITION BY item_id ORDER BY label_id DESC) = 1
) WHERE label <> '';
COMMENT ON VIEW answers IS 'What people agreed on for each item; a label that is empty took an answer back.';

CREATE TABLE imports (
    source VARCHAR NOT NULL,
    run_id BIGINT NOT NULL,
    until  TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE imports IS 'Up to which update of a server project answers were taken in.';

CREATE TABLE promotions (
    promotion_id BIGINT PRIMARY KEY,
    head_id      VARCHAR NOT NULL,
    replaced     VARCHAR,
    why          VARCHAR NOT NULL,
    gate         JSON NOT NULL,
    run_id       BIGINT NOT NULL,
    made_at      TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE promotions IS 'Which head came into use, when, in place of which and why; the newest is in use.';

CREATE OR REPLACE VIEW current_failures AS
WITH by_content AS (
    SELECT * FROM failures WHERE sha256 IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY stage, subject, sha256 ORDER BY run_id DESC, failed_at DESC) = 1
), by_import AS (
    SELECT * FROM failures WHERE stage = 'import'
    QUALIFY row_number() OVER (PARTITION BY subject, key, value ORDER BY run_id DESC, failed_at DESC) = 1
)
SELECT run_id, item_id, row, key, stage, subject, sha256, value, cause, failed_at
FROM failures
WHERE sha256 IS NULL AND stage <> 'import' AND cause IS NOT NULL AND run_id = (SELECT max(run_id) FROM catalogues)
UNION ALL
SELECT f.run_id, i.item_id, NULL AS row, i.key, f.stage, f.subject, f.sha256, coalesce(i.value, f.value), f.cause,
    f.failed_at
FROM by_content AS f
JOIN (
    SELECT item_id, key, picture AS value, image_sha256 AS sha256 FROM items
    UNION ALL
    SELECT item_id, key, title, text_sha256 FROM items
) AS i ON f.sha256 = i.sha256
WHERE f.cause IS NOT NULL
UNION ALL
SELECT run_id, item_id, row, key, stage, subject, sha256, value, cause, failed_at FROM by_import WHERE cause IS NOT NULL;
COMMENT ON VIEW current_failures IS 'Failures of the last reading, of contents that a listing still has (one row for each listing), and of imports until the same place is read without them.';
