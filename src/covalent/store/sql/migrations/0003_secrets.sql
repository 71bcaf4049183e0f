-- The secrets that the executors of a dispatch refer to, encrypted.
-- dispatch: 0 for those of purged dispatches whose executors have yet to delete something elsewhere.
CREATE TABLE secret (
    dispatch BIGINT NOT NULL,
    id TEXT {exact} NOT NULL,
    sealed {bytes} NOT NULL,
    PRIMARY KEY (dispatch, id)
) {clustered};

CREATE INDEX secret_by_id ON secret (id, dispatch);
