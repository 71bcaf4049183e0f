-- The steps of states.py; a test tries every one. Here they stand in the triggers, whose functions then run only to refuse.

CREATE FUNCTION refuse_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a % cannot go from % to %', TG_TABLE_NAME, OLD.status, NEW.status USING ERRCODE = 'check_violation';
END
$$;

CREATE TRIGGER task_takes_known_steps BEFORE UPDATE OF status ON task
FOR EACH ROW WHEN (
    OLD.status || ' ' || NEW.status NOT IN (
        'NEW_OBJECT READY', 'NEW_OBJECT COMPLETED', 'NEW_OBJECT FAILED', 'NEW_OBJECT CANCELLED',
        'READY SUBMITTED', 'READY FAILED', 'READY CANCELLED',
        'SUBMITTED STARTING', 'SUBMITTED RUNNING', 'SUBMITTED READY',
        'SUBMITTED COMPLETED', 'SUBMITTED FAILED', 'SUBMITTED CANCELLED',
        'STARTING RUNNING', 'STARTING READY', 'STARTING COMPLETED', 'STARTING FAILED', 'STARTING CANCELLED',
        'RUNNING READY', 'RUNNING COMPLETED', 'RUNNING FAILED', 'RUNNING CANCELLED'
    )
) EXECUTE FUNCTION refuse_step();

CREATE TRIGGER dispatch_takes_known_steps BEFORE UPDATE OF status ON dispatch
FOR EACH ROW WHEN (
    OLD.status || ' ' || NEW.status NOT IN (
        'NEW_OBJECT RUNNING', 'NEW_OBJECT CANCELLED', 'RUNNING COMPLETED', 'RUNNING FAILED', 'RUNNING CANCELLED'
    )
) EXECUTE FUNCTION refuse_step();
