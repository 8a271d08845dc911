-- What was read, by which run, and what went wrong. Rows are appended; nothing points forward, and no foreign keys:
-- a referenced row could not be updated, and an append-only table needs no guard against deletion.

CREATE TABLE runs (
    run_id      BIGINT PRIMARY KEY,
    verb        VARCHAR NOT NULL,
    args        JSON NOT NULL,
    started_at  TIMESTAMPTZ NOT NULL,
    finished_at TIMESTAMPTZ,
    exit_code   INTEGER,
    summary     JSON,
    version     VARCHAR NOT NULL
);
COMMENT ON TABLE runs IS 'One row for each verb that wrote; finished_at stays empty for a run that was killed.';

CREATE TABLE catalogues (
    run_id          BIGINT NOT NULL,
    source          VARCHAR NOT NULL,
    images          VARCHAR,
    columns         JSON NOT NULL,
    attribute_types JSON NOT NULL,
    category_sep    VARCHAR
);
COMMENT ON TABLE catalogues IS 'Each product table that was read, with the roles given to its columns and the types of the others.';

CREATE TABLE item_versions (
    version          BIGINT NOT NULL,
    item_id          BIGINT NOT NULL,
    run_id           BIGINT NOT NULL,
    key              VARCHAR NOT NULL,
    title            VARCHAR NOT NULL,
    text             VARCHAR NOT NULL,
    picture          VARCHAR,
    picture_size     BIGINT,
    picture_mtime_ns BIGINT,
    category         VARCHAR[] NOT NULL,
    attributes       JSON NOT NULL,
    image_sha256     BLOB,
    text_sha256      BLOB,
    gone             BOOLEAN NOT NULL
);
COMMENT ON TABLE item_versions IS 'Every state a listing has had, numbered from 1 for each item; item_id is one per key for ever.';

CREATE VIEW items AS
SELECT item_versions.*
FROM item_versions
JOIN (SELECT item_id, max(version) AS version FROM item_versions GROUP BY item_id) AS newest USING (item_id, version)
WHERE NOT gone;
COMMENT ON VIEW items IS 'The newest version of each listing that the catalogue still has.';

CREATE TABLE failures (
    run_id    BIGINT NOT NULL,
    item_id   BIGINT,
    row       BIGINT,
    key       VARCHAR NOT NULL,
    stage     VARCHAR NOT NULL,
    subject   VARCHAR NOT NULL,
    sha256    BLOB,
    value     VARCHAR NOT NULL,
    cause     VARCHAR,
    failed_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE failures IS 'What failed (stage read, picture, encode; subject is a column or a space) and why; no cause means mended since.';

CREATE VIEW current_failures AS
WITH by_content AS (
    SELECT * FROM failures WHERE sha256 IS NOT NULL
    QUALIFY row_number() OVER (PARTITION BY stage, subject, sha256 ORDER BY run_id DESC, failed_at DESC) = 1
)
SELECT run_id, item_id, row, key, stage, subject, sha256, value, cause, failed_at
FROM failures WHERE sha256 IS NULL AND cause IS NOT NULL AND run_id = (SELECT max(run_id) FROM catalogues)
UNION ALL
SELECT f.run_id, i.item_id, NULL AS row, i.key, f.stage, f.subject, f.sha256, coalesce(i.value, f.value), f.cause,
    f.failed_at
FROM by_content AS f
JOIN (
    SELECT item_id, key, picture AS value, image_sha256 AS sha256 FROM items
    UNION ALL
    SELECT item_id, key, title, text_sha256 FROM items
) AS i ON f.sha256 = i.sha256
WHERE f.cause IS NOT NULL;
COMMENT ON VIEW current_failures IS 'Failures of the last reading, and of contents that a listing still has; one row for each listing.';
