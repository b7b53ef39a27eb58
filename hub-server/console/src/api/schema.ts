// Written by `npm run generate` from ../openapi.json. Do not edit.

export interface paths {
  '/api/v1/accounts': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the organisation's accounts by name.
     * @description Needs the right `manage_accounts`.
     */
    get: operations['list_accounts']
    put?: never
    /**
     * Creates an account.
     * @description Needs the right `manage_accounts`.
     */
    post: operations['create_account']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/accounts/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows one account.
     * @description Needs the right `manage_accounts`.
     */
    get: operations['show_account']
    /**
     * Changes an account's role and sites, and whether it may log in. It holds at once, in sessions that run, too.
     * @description Needs the right `manage_accounts`.
     */
    put: operations['change_account']
    post?: never
    /**
     * Removes an account and ends its sessions. What it did stays in the audit trail.
     * @description Needs the right `manage_accounts`.
     */
    delete: operations['remove_account']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/accounts/{id}/password': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    /**
     * Gives an account a new password and ends its sessions, but for the one that asks.
     * @description Needs the right `manage_accounts`.
     */
    put: operations['reset_password']
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/accounts/{id}/second-factor': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    post?: never
    /**
     * Turns somebody's second factor off, because the authenticator and the recovery codes are lost. Its sessions end.
     * @description Needs the right `manage_accounts`.
     */
    delete: operations['reset_second_factor']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/accounts/{id}/sessions': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    post?: never
    /**
     * Ends every session of an account.
     * @description Needs the right `manage_accounts`.
     */
    delete: operations['end_sessions']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/addresses': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists who called in the last hour, by address: the own organisation's people and keys, and who calls without a
     *     log-in. Kept in memory since the hub's start.
     * @description Needs the right `metrics`.
     */
    get: operations['list_addresses']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/audit': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the trail, newest first.
     * @description Needs the right `view_audit`.
     */
    get: operations['list_audit']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/audit/counts': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Counts the trail's lines by day, action or actor.
     * @description Needs the right `view_audit`.
     */
    get: operations['count_audit']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/audit/export': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Sends the trail as a file, newest first, as long as it is. Who took it stands in the trail.
     * @description Needs the right `view_audit`.
     */
    get: operations['export_audit']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/auth/refresh': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Brings the next tokens for a refresh token. A token that was used before ends the whole log-in, for two have it; so of
     *     two renewals at the same time the second does.
     * @description Open to anybody.
     */
    post: operations['renew_tokens']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/auth/revoke': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Ends a log-in by one of its tokens. A token that nobody knows is answered the same way.
     * @description Open to anybody.
     */
    post: operations['revoke_tokens']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/auth/token': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Logs a program in with name and password, and the code of a second factor. Five failures in five minutes from one
     *     address, then it waits.
     * @description Open to anybody.
     */
    post: operations['issue_tokens']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/checklist': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows both checklists. Each item is looked at anew with every request.
     * @description Needs the right `manage_accounts`.
     */
    get: operations['show_checklist']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/dashboard': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows what somebody who has just logged in should know.
     * @description Needs a log-in.
     */
    get: operations['show_dashboard']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/edges': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the organisation's edges with their lag, gates and models.
     * @description Needs the right `view_fleet`.
     */
    get: operations['list_edges']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/edges/enrolments': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the newest codes that were given out, newest first.
     * @description Needs the right `enrol_edges`.
     */
    get: operations['list_enrolments']
    put?: never
    /**
     * Gives out a one-time code by which a machine becomes an edge. It holds for 24 hours.
     * @description Needs the right `enrol_edges`.
     */
    post: operations['enrol_edge']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/edges/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    post?: never
    /**
     * Retires an edge for ever: its connection is closed and refused from then on, its gates are free for another.
     * @description Needs the right `enrol_edges`.
     */
    delete: operations['retire_edge']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/gates': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the organisation's gates by name.
     * @description Needs the right `view_fleet`.
     */
    get: operations['list_gates']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/gates/{id}/cameras/{camera}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows a camera: what is set, whether the edge goes by it, and how fast it really is.
     * @description Needs the right `view_fleet`.
     */
    get: operations['show_camera']
    /**
     * Sets how often and where a camera is looked at. The edge gets it at once, or when it connects next.
     * @description Needs the right `configure_cameras`.
     */
    put: operations['set_camera']
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/gates/{id}/cameras/{camera}/history': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the newest changes of a camera's settings, newest first.
     * @description Needs the right `view_fleet`.
     */
    get: operations['list_camera_history']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/gates/{id}/cameras/{camera}/restore': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Takes former settings of a camera again, or the edge's own.
     * @description Needs the right `configure_cameras`.
     */
    post: operations['restore_camera']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/gates/{id}/cameras/{camera}/snapshot': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Looks through a camera: its edge sends the newest picture. Each look is in the audit trail. `X-Taken-At` says when the
     *     picture was taken.
     * @description Needs the right `configure_cameras`.
     */
    get: operations['show_snapshot']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/gates/{id}/orders': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the newest orders of a gate, newest first.
     * @description Needs the right `view_fleet`.
     */
    get: operations['list_orders']
    put?: never
    /**
     * Orders a barrier to move. The answer says that the order was left, not that the barrier moved: follow its state.
     * @description Needs the right `order_barrier`.
     */
    post: operations['give_order']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/keys': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the organisation's keys, newest first, revoked ones too.
     * @description Needs the right `manage_keys`.
     */
    get: operations['list_keys']
    put?: never
    /**
     * Makes a key of the caller's own account. Only somebody who is logged in makes one, never another key.
     * @description Needs the right `manage_keys`.
     */
    post: operations['create_key']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/keys/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    post?: never
    /**
     * Ends a key at once.
     * @description Needs the right `manage_keys`.
     */
    delete: operations['revoke_key']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/live': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Follows what happens. Each event has an id; `Last-Event-ID` resumes after it. `reset` says that news was missed
     *     which the hub no longer keeps: load everything again. A comment every 15 seconds shows that the stream lives.
     * @description Needs the right `view_passages`.
     */
    get: operations['follow_live']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/models/metadata': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the models of every edge with version, hash, input size, classes and load state. Looking is audited.
     * @description Needs the right `view_models`.
     */
    get: operations['list_models']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/mqtt': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows where the organisation publishes, and how that goes.
     * @description Needs the right `manage_integrations`.
     */
    get: operations['show_mqtt']
    /**
     * Sets where the organisation publishes. A broker that is set first gets what happens from then on; the settings of
     *     one can be changed without losing what waits.
     * @description Needs the right `manage_integrations`.
     */
    put: operations['set_mqtt']
    post?: never
    /**
     * Ends publishing, and forgets the broker with its password and what waits for it.
     * @description Needs the right `manage_integrations`.
     */
    delete: operations['remove_mqtt']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/occupancy': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows how many vehicles are on each site.
     * @description Needs the right `view_visits`.
     */
    get: operations['show_occupancy']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/passages': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists passages, newest first. A page of a search that finds little among very many may be short, or empty: while
     *     there is a `next_cursor`, the search goes on.
     * @description Needs the right `view_passages`.
     */
    get: operations['list_passages']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/passages/count': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Counts the passages of a search, up to 1,000.
     * @description Needs the right `view_passages`.
     */
    get: operations['count_passages']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/passages/export': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Sends all passages of a search as a file, newest first, and notes that in the audit trail. A file that ends early, because
     *     the hub stopped or the account lost its access, ends with a broken connection and never looks whole.
     * @description Needs the right `view_passages`.
     */
    get: operations['export_passages']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/passages/searches': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the caller's own searches and those that others share, by name. Accounts limited to sites see their own alone.
     * @description Needs the right `view_passages`.
     */
    get: operations['list_searches']
    put?: never
    /**
     * Keeps a search.
     * @description Needs the right `view_passages`.
     */
    post: operations['keep_search']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/passages/searches/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    /**
     * Changes one of the caller's own searches.
     * @description Needs the right `view_passages`.
     */
    put: operations['change_search']
    post?: never
    /**
     * Forgets one of the caller's own searches.
     * @description Needs the right `view_passages`.
     */
    delete: operations['forget_search']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/passages/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows everything that is known of a passage.
     * @description Needs the right `view_passages`.
     */
    get: operations['show_passage']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/passages/{id}/pictures/{kind}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Sends a picture's bytes. A picture that has not arrived, or whose time is over, is not found; the passage says
     *     which.
     * @description Needs the right `view_passages`.
     */
    get: operations['show_picture']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/permits': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists permits by plate.
     * @description Needs the right `view_permits`.
     */
    get: operations['list_permits']
    put?: never
    /**
     * Creates a permit. A plate has at most one in force.
     * @description Needs the right `edit_permits`.
     */
    post: operations['create_permit']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/permits.csv': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Sends the permits in force as a CSV sheet that can be imported again. Cells that a spreadsheet would run as a formula
     *     have a quote before them.
     * @description Needs the right `view_permits`.
     */
    get: operations['export_permits']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/permits/import': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Imports a CSV sheet, all or nothing. A row whose plate has a permit in force changes that permit, any other makes a
     *     new one. Columns: plate, holder, group, note, valid_from, valid_until, schedule, gates, denied, vehicle_type,
     *     vehicle_colour; only plate must be there. A date without a time is meant in the organisation's time zone, and a last day
     *     still counts. A schedule is written as `Mon-Fri 08:00-18:00; Sat 09:00-13:00`, gates by name and parted by semicolons.
     * @description Needs the right `edit_permits`.
     */
    post: operations['import_permits']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/permits/preview': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows what a permit of a plate would match: readings that gates would take for it, and permits that are too near to
     *     tell apart.
     * @description Needs the right `view_permits`.
     */
    get: operations['preview_permit']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/permits/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows a permit, in force or withdrawn.
     * @description Needs the right `view_permits`.
     */
    get: operations['show_permit']
    /**
     * Gives a permit other terms.
     * @description Needs the right `edit_permits`.
     */
    put: operations['change_permit']
    post?: never
    /**
     * Withdraws a permit: it opens nothing from the next car on. It can be restored.
     * @description Needs the right `edit_permits`.
     */
    delete: operations['withdraw_permit']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/permits/{id}/restore': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Puts a withdrawn permit in force again.
     * @description Needs the right `edit_permits`.
     */
    post: operations['restore_permit']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/roles': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the organisation's roles.
     * @description Needs the right `manage_accounts`.
     */
    get: operations['list_roles']
    put?: never
    /**
     * Makes a role. Nobody makes one with rights that he does not have.
     * @description Needs the right `manage_accounts`.
     */
    post: operations['create_role']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/roles/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    /**
     * Changes a role's name and rights; it holds at once for every account that has it.
     * @description Needs the right `manage_accounts`.
     */
    put: operations['change_role']
    post?: never
    /**
     * Removes a role that nobody has.
     * @description Needs the right `manage_accounts`.
     */
    delete: operations['remove_role']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/session': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows who is logged in.
     * @description Needs a log-in.
     */
    get: operations['show_session']
    put?: never
    /**
     * Logs in. Five failures in five minutes from one address, then it waits.
     * @description Open to anybody.
     */
    post: operations['log_in']
    /**
     * Logs out: the cookie is worth nothing from this moment on.
     * @description Needs a log-in.
     */
    delete: operations['log_out']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/session/password': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    /**
     * Changes the caller's own password. Every other log-in of the account ends.
     * @description Needs a log-in.
     */
    put: operations['change_password']
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/session/preferences': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows what the caller prefers; nulls if nothing was ever put.
     * @description Needs a log-in.
     */
    get: operations['show_preferences']
    /**
     * Puts what the caller prefers.
     * @description Needs a log-in.
     */
    put: operations['set_preferences']
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/session/second-factor': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows whether the caller's log-in asks for a code.
     * @description Needs a log-in.
     */
    get: operations['show_second_factor']
    /**
     * Turns the second factor on with a code of the authenticator. Every other log-in of the account ends.
     * @description Needs a log-in.
     */
    put: operations['confirm_second_factor']
    /**
     * Makes a secret for an authenticator. Nothing is asked for at log-in until a code of it is given.
     * @description Needs a log-in.
     */
    post: operations['begin_second_factor']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/session/second-factor/off': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Turns the second factor off.
     * @description Needs a log-in.
     */
    post: operations['turn_second_factor_off']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/sessions': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the caller's own log-ins that hold, newest first.
     * @description Needs a log-in.
     */
    get: operations['list_sessions']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/sessions/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    post?: never
    /**
     * Ends one of the caller's own log-ins.
     * @description Needs a log-in.
     */
    delete: operations['end_session']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/setup': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Says whether the hub waits for its set-up.
     * @description Open to anybody.
     */
    get: operations['show_setup']
    put?: never
    /**
     * Sets the hub up with the one-time link, and logs its administrator in.
     * @description Open to anybody.
     */
    post: operations['set_up']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/sites': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the organisation's sites by name.
     * @description Needs the right `view_fleet`.
     */
    get: operations['list_sites']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/statistics': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Counts what came to the gates of a site, or of all, over a range of time.
     * @description Needs the right `view_passages`.
     */
    get: operations['show_statistics']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/visits': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists visits, newest first.
     * @description Needs the right `view_visits`.
     */
    get: operations['list_visits']
    put?: never
    /**
     * Records by hand that a vehicle is on site.
     * @description Needs the right `correct_visits`.
     */
    post: operations['open_visit']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/visits/{id}/close': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Closes a visit by hand: the vehicle is no longer counted. The exit's own event may still be attached later.
     * @description Needs the right `correct_visits`.
     */
    post: operations['close_visit']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/webhooks': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the organisation's webhooks, oldest first.
     * @description Needs the right `manage_integrations`.
     */
    get: operations['list_webhooks']
    put?: never
    /**
     * Makes a webhook. It gets what happens from then on.
     * @description Needs the right `manage_integrations`.
     */
    post: operations['create_webhook']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/webhooks/{id}': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows one webhook.
     * @description Needs the right `manage_integrations`.
     */
    get: operations['show_webhook']
    /**
     * Changes a webhook, pauses it, or turns it on again. What waits is tried at once.
     * @description Needs the right `manage_integrations`.
     */
    put: operations['change_webhook']
    post?: never
    /**
     * Removes a webhook. It can be brought back.
     * @description Needs the right `manage_integrations`.
     */
    delete: operations['remove_webhook']
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/webhooks/{id}/dead-letters': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the dead letters, oldest first.
     * @description Needs the right `manage_integrations`.
     */
    get: operations['list_dead_letters']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/webhooks/{id}/dead-letters/replay': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Sends all dead letters of a webhook again.
     * @description Needs the right `manage_integrations`.
     */
    post: operations['replay_dead_letters']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/webhooks/{id}/dead-letters/{number}/replay': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Sends one dead letter again.
     * @description Needs the right `manage_integrations`.
     */
    post: operations['replay_dead_letter']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/webhooks/{id}/deliveries': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Lists the newest attempts, the last 200 of a webhook.
     * @description Needs the right `manage_integrations`.
     */
    get: operations['list_deliveries']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/webhooks/{id}/restore': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Brings a removed webhook back, with what the hub still keeps for it.
     * @description Needs the right `manage_integrations`.
     */
    post: operations['restore_webhook']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/webhooks/{id}/secret': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Makes a new secret. For a day the old one signs, too, so that the receiver can change without missing anything.
     * @description Needs the right `manage_integrations`.
     */
    post: operations['renew_secret']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/api/v1/webhooks/{id}/test': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    get?: never
    put?: never
    /**
     * Sends a webhook an event of the kind `test` at once, and tells what came of it.
     * @description Needs the right `manage_integrations`.
     */
    post: operations['test_webhook']
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/authority.crt': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Hands out the certificate of the hub's own authority, for browsers that are to trust it.
     * @description Open to anybody.
     */
    get: operations['show_authority']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/health': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows how the hub is. Always 200: `status` tells; `/ready` is for load balancers.
     * @description Open to anybody.
     */
    get: operations['show_health']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/metrics': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Shows the hub's metrics as Prometheus reads them.
     * @description Needs the right `metrics` or the scrape token.
     */
    get: operations['show_metrics']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
  '/ready': {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    /**
     * Says whether the hub takes requests.
     * @description Open to anybody.
     */
    get: operations['show_ready']
    put?: never
    post?: never
    delete?: never
    options?: never
    head?: never
    patch?: never
    trace?: never
  }
}
export type webhooks = Record<string, never>
export interface components {
  schemas: {
    /** @description One account. */
    Account: {
      /** @description When it was created. */
      created_at: components['schemas']['At']
      disabled_at?: components['schemas']['At'] | null
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /** @description The name that it logs in with. */
      name: string
      /**
       * @description The name of its role.
       * @example operator
       */
      role: string
      /** @description The sites that it is limited to; null for all, those of the future, too. */
      sites?: string[] | null
    }
    /** @description What an account is to be from now on. */
    AccountChange: {
      /** @description Whether it may not log in; its sessions end. */
      disabled: boolean
      /**
       * @description The name of a role of the organisation.
       * @example viewer
       */
      role: string
      /** @description The sites that it is limited to; null for all. */
      sites: string[] | null
    }
    /** @description The addresses that called in the last hour. */
    AddressList: {
      /** @description The busiest first, 500 at most. */
      items: components['schemas']['AddressRate'][]
    }
    /** @description What came from one address. */
    AddressRate: {
      /**
       * @description The address.
       * @example 192.0.2.7
       */
      address: string
      /** @description When it called last. */
      last_seen: components['schemas']['At']
      /** @description Whether it came with a log-in or a key of your organisation; otherwise without any. */
      logged_in: boolean
      /**
       * Format: int32
       * @description How many of these were refused (4xx), failed log-ins and rate limits among them.
       */
      refused_last_hour: number
      /**
       * Format: int32
       * @description Requests in the last 60 minutes.
       */
      requests_last_hour: number
      /**
       * Format: int32
       * @description Requests in the last 60 seconds, the minute that is half over reckoned from its part.
       */
      requests_last_minute: number
    }
    /** @description One key, without its secret. */
    ApiKey: {
      /** @description The account on whose behalf it calls; it never may more than that. */
      account: components['schemas']['Named']
      /** @description When it was made. */
      created_at: components['schemas']['At']
      expires_at?: components['schemas']['At'] | null
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /** @description From which address. */
      last_address: string
      last_used_at?: components['schemas']['At'] | null
      /**
       * @description What it is for.
       * @example accounting
       */
      name: string
      /**
       * @description How its secret begins, to find it again by.
       * @example gwk_Zk3v9Qad
       */
      prefix: string
      revoked_at?: components['schemas']['At'] | null
      /**
       * @description The names of the rights that it was given.
       * @example [
       *       "view_passages"
       *     ]
       */
      rights: string[]
    }
    /** @description A key with its secret. This answer is the only one that has it. */
    ApiKeyMade: components['schemas']['ApiKey'] & {
      /**
       * @description Goes into the header `Authorization: Bearer ...`.
       * @example gwk_Zk3v9QadGhOqYFvJg1v3xqOQDHYh3yqgJ8yYdWq3uXo
       */
      secret: string
    }
    /**
     * Format: date-time
     * @description A moment, RFC 3339 in UTC with milliseconds.
     * @example 2026-01-31T12:30:00.000Z
     */
    At: string
    /** @description Who did something. */
    AuditActor: {
      /**
       * Format: uuid
       * @description The account or edge.
       */
      id?: string | null
      /** @description `account`, `edge` or `system`. */
      kind: string
      /** @description Its name of that day. */
      name: string
    }
    /** @description Lines that have something in common. */
    AuditCount: {
      /**
       * Format: int64
       * @description How many they are.
       * @example 12
       */
      count: number
      /**
       * @description What they have in common: a day, an action or a name.
       * @example permit.create
       */
      key: string
    }
    /** @description The counts. */
    AuditCounts: {
      /** @description Days in their order, at most the last 1,000; others by how many. */
      items: components['schemas']['AuditCount'][]
    }
    /** @description One line of the trail. */
    AuditLine: {
      /** @description What was done: `permit.create`. */
      action: string
      /** @description Who. */
      actor: components['schemas']['AuditActor']
      /** @description Where the request came from. */
      address: string
      /** @description When. */
      at: components['schemas']['At']
      /** @description What exactly. */
      details: unknown
      /** @description The line's hash in the chain, in hex. */
      hash: string
      /** @description Its place in the trail. */
      id: string
      /** @description Its id, or nothing. */
      object_id: string
      /** @description What it was done to. */
      object_kind: string
      /** @description One sentence. */
      summary: string
    }
    /**
     * @description What a barrier can be told, as the API's document shows it.
     * @enum {string}
     */
    BarrierAction: 'open' | 'close' | 'hold_open'
    /** @description One move of a barrier. */
    BarrierMove: {
      /** @description What the barrier was told. */
      action: components['schemas']['BarrierAction']
      /**
       * Format: date-time
       * @description The edge's wall clock.
       */
      at: string
      /**
       * @description `passage`: the verdict. `order`: a person. `hold_over`: the hold time ran out and the way was free.
       * @example passage
       */
      cause: string
    }
    /** @description A password, to show that it is still its owner who asks. */
    Begin: {
      /**
       * @description The caller's password.
       * @example Correct-Horse-1
       */
      password: string
    }
    /** @description A camera of a gate. The answer's `ETag` is its revision; a change names it in `If-Match`. */
    Camera: {
      /** @description Whether its edge is connected. */
      connected: boolean
      /** @description The gate. */
      gate: components['schemas']['Named']
      /**
       * @description The camera's name in the gate's section of the edge's settings.
       * @example front
       */
      name: string
      /** @description Why the edge refused them. */
      refused?: string | null
      report?: components['schemas']['CameraReport'] | null
      /**
       * Format: int64
       * @description The newest revision of its settings; 0 if nobody ever set any.
       */
      revision: number
      settings?: components['schemas']['CameraSettings'] | null
      /** @description Whether the edge goes by them. */
      standing: components['schemas']['CameraStanding']
      /** @description How it is. */
      state: components['schemas']['CameraState']
      /** @description What went wrong. */
      why: string
    }
    /** @description A camera that shows nothing new. */
    CameraDown: {
      /** @description Since when. */
      at: components['schemas']['At']
      /**
       * @description Its name.
       * @example front
       */
      camera: string
      /** @description Where. */
      gate: components['schemas']['Named']
      /** @description What it is in place of live. */
      state: components['schemas']['CameraState']
    }
    /** @description How a camera stands at this moment, by its edge. */
    CameraReport: {
      /**
       * Format: int32
       * @description Frames a second that the machine allows at its temperature and load.
       */
      allowed_fps: number
      /** @description When the edge said so. */
      at: components['schemas']['At']
      /**
       * Format: float
       * @description Frames a second, as the camera sends them.
       */
      camera_fps: number
      /** @description What holds at the edge. */
      in_force: components['schemas']['CameraSettings']
      last_frame_at?: components['schemas']['At'] | null
      /**
       * Format: float
       * @description Frames a second that are looked at.
       */
      looked_fps: number
      /** @description What the edge's own file says. */
      own: components['schemas']['CameraSettings']
    }
    /** @description One change of a camera's settings. */
    CameraRevision: {
      /** @description When. */
      at: components['schemas']['At']
      /**
       * @description Who changed it; null: the hub itself, after it was restored from a backup.
       * @example ana
       */
      by?: string | null
      /**
       * Format: int64
       * @description The revision that this one repeats; 0 for the edge's own settings.
       */
      restores?: number | null
      /**
       * Format: int64
       * @description Its number.
       */
      revision: number
      settings?: components['schemas']['CameraSettings'] | null
    }
    /** @description How often a camera is looked at, and which parts of its picture count. */
    CameraSettings: {
      /** @description What lies in one of these does not count, wherever it is. */
      exclude?: number[][][]
      /**
       * Format: int32
       * @description How many frames a second are looked at, 1 to 15.
       * @example 8
       */
      fps: number
      /**
       * @description Only what lies in one of these counts; if there are none, everything does. Each is a list of corners `[x, y]`,
       *     parts of the picture's width and height from 0 to 1.
       */
      include?: number[][][]
    }
    /**
     * @description Whether an edge goes by the newest settings of a camera.
     * @enum {string}
     */
    CameraStanding: 'own' | 'applied' | 'waiting' | 'refused'
    /**
     * @description How a camera is, as the API's document shows it.
     * @enum {string}
     */
    CameraState: 'live' | 'offline' | 'frozen'
    /** @description One possible text of a read. */
    Candidate: {
      /**
       * Format: float
       * @description How likely the whole text is, 0 to 1.
       */
      confidence: number
      /** @description The text, normalised. */
      text: string
    }
    /** @description One character of a read. */
    Character: {
      /** @description What it could be, most likely first. */
      options: components['schemas']['CharacterOption'][]
    }
    /** @description One thing that a character could be. */
    CharacterOption: {
      /**
       * Format: float
       * @description How likely, 0 to 1.
       */
      probability: number
      /**
       * @description The letter or digit.
       * @example B
       */
      symbol: string
    }
    /** @description Both checklists, in the order in which they are worked off. */
    Checklist: {
      /** @description Before the hub guards real gates. */
      production: components['schemas']['ChecklistItem'][]
      /** @description After the set-up: from an empty hub to a gate that opens. */
      set_up: components['schemas']['ChecklistItem'][]
    }
    /** @description One thing to see to. */
    ChecklistItem: {
      /**
       * Format: int64
       * @description How many of what the item counts, if it counts something.
       * @example 2
       */
      count?: number | null
      /**
       * @description Which; stable, for programs.
       * @example admins_second_factor
       */
      id: string
      /**
       * @description The things that it is about, if it names some.
       * @example [
       *       "operator"
       *     ]
       */
      names: string[]
      /** @description How it stands. */
      state: components['schemas']['ChecklistState']
      /**
       * @description What was found, in a sentence.
       * @example Accounts that manage accounts and have no second factor: 2.
       */
      why: string
    }
    /**
     * @description How an item stands.
     * @enum {string}
     */
    ChecklistState: 'done' | 'open' | 'unknown'
    /** @description Why a visit is closed by hand. */
    CloseVisit: {
      /**
       * @description In words, for those who look later.
       * @example left through the workshop's gate
       */
      reason: string
    }
    /** @description A code of the authenticator. */
    Confirm: {
      /**
       * @description Six digits.
       * @example 287082
       */
      code: string
    }
    /** @description What a person put right about a visit. */
    Correction: {
      /**
       * Format: date-time
       * @description When.
       */
      at: string
      /**
       * @description Who.
       * @example ana
       */
      by: string
      /**
       * @description Why.
       * @example left through the workshop's gate
       */
      reason: string
    }
    /** @description What somebody who has just logged in should know. A part is null if the caller may not see it. */
    Dashboard: {
      accounts?: components['schemas']['DashboardAccounts'] | null
      fleet?: components['schemas']['DashboardFleet'] | null
      passages?: components['schemas']['DashboardPassages'] | null
      visits?: components['schemas']['DashboardVisits'] | null
    }
    /** @description Accounts and their second factors. */
    DashboardAccounts: {
      /**
       * Format: int64
       * @description Those that may log in.
       * @example 6
       */
      active: number
      /**
       * Format: int64
       * @description Those of them without a second factor.
       * @example 4
       */
      without_second_factor: number
    }
    /** @description Edges, cameras and orders. */
    DashboardFleet: {
      /** @description Those that are not, up to 20. */
      away: components['schemas']['EdgeAway'][]
      /**
       * @description Cameras that reported.
       * @example 4
       */
      cameras: number
      /** @description Those that show nothing new, up to 20. */
      cameras_down: components['schemas']['CameraDown'][]
      /**
       * @description Enrolment codes that wait for their edge.
       * @example 0
       */
      codes_waiting: number
      /**
       * @description Those that are connected.
       * @example 2
       */
      connected: number
      /**
       * @description Enrolled edges.
       * @example 3
       */
      edges: number
      /** @description Edges that give something up because they are hot or overloaded. */
      hot: components['schemas']['Named'][]
      /** @description Orders of the last 24 hours that moved nothing, newest first, up to 20. */
      orders_refused: components['schemas']['OrderRefused'][]
    }
    /** @description Passages of the last 24 hours. */
    DashboardPassages: {
      /**
       * Format: int64
       * @description All of them.
       * @example 253
       */
      all: number
      /**
       * Format: int64
       * @description Those that a gate asked about.
       * @example 9
       */
      asked: number
      /**
       * Format: int64
       * @description Those that were denied.
       * @example 4
       */
      denied: number
      /**
       * Format: int64
       * @description Those whose plate no permit has.
       * @example 7
       */
      unknown: number
    }
    /** @description Visits that somebody should look at. */
    DashboardVisits: {
      /**
       * Format: int64
       * @description On site for longer than a day.
       * @example 1
       */
      long: number
      /**
       * Format: int64
       * @description With a missing entry or exit.
       * @example 2
       */
      unpaired: number
    }
    /** @description An event that a webhook did not take in time. */
    DeadLetter: {
      /** @description What it tells. */
      data: unknown
      /** @description When it was given up. */
      died_at: components['schemas']['At']
      /**
       * @description Why the last attempt failed.
       * @example there was no answer in time
       */
      error: string
      /**
       * Format: uuid
       * @description The event's id.
       */
      event: string
      /** @description Whether it is about to be sent again. */
      is_waiting: boolean
      /**
       * @description Its kind.
       * @example passage
       */
      kind: string
      /**
       * Format: int64
       * @description Names it among the webhook's dead letters.
       * @example 4711
       */
      number: number
    }
    /** @description One attempt to deliver an event. */
    Delivery: {
      /**
       * @description How the answer began, as plain text.
       * @example
       */
      answer: string
      /** @description When it ended. */
      at: components['schemas']['At']
      /**
       * Format: int32
       * @description Which attempt in a row, from 1.
       * @example 1
       */
      attempt: number
      /**
       * @description Why it failed; empty: it was taken.
       * @example
       */
      error: string
      /**
       * Format: uuid
       * @description The event's id, the same in every attempt.
       */
      event: string
      /**
       * @description Its kind.
       * @example passage
       */
      kind: string
      /**
       * Format: int32
       * @description The answer's status; null: there was no answer.
       * @example 204
       */
      status?: number | null
      /**
       * Format: int64
       * @description How long it took, in milliseconds.
       * @example 35
       */
      took_ms: number
    }
    /**
     * @description Which way a gate lets through, as the API's document shows it.
     * @enum {string}
     */
    Direction: 'entry' | 'exit'
    /** @description One edge and everything it reported of itself. */
    Edge: {
      /**
       * Format: int64
       * @description The permit book in force at the edge.
       */
      book_version: number
      /** @description Whether it is connected. */
      connected: boolean
      /**
       * Format: int64
       * @description The newest life of its numbering.
       */
      epoch: number
      /**
       * Format: int64
       * @description Events of it that the hub holds, of all its epochs.
       */
      events_held: number
      /** @description Numbers that are missing and were not filled. */
      gaps: components['schemas']['Gap'][]
      /** @description Its gates. */
      gates: components['schemas']['EdgeGate'][]
      heat?: components['schemas']['EdgeHeat'] | null
      /**
       * Format: uuid
       * @description Its identity, bound to its certificate.
       */
      id: string
      /**
       * Format: int64
       * @description Events that it has and the hub has not.
       */
      lag_events: number
      last_heard_at?: components['schemas']['At'] | null
      /** @description The machine's own name. */
      machine: string
      /** @description Its models. */
      models: components['schemas']['Model'][]
      /**
       * @description Its name.
       * @example north-pi
       */
      name: string
      /** @description Where it stands. */
      site: components['schemas']['Named']
      /** @description Whether it may connect. */
      state: components['schemas']['EdgeState']
      /**
       * Format: int64
       * @description The hub has everything up to here in that epoch.
       */
      through: number
      /** @description The agent's version. */
      version?: string | null
      /**
       * Format: int64
       * @description The permit book that it should have.
       */
      wanted_book_version: number
    }
    /** @description An edge that is not connected. */
    EdgeAway: {
      /** @description Which. */
      edge: components['schemas']['Named']
      last_heard_at?: components['schemas']['At'] | null
    }
    /** @description A gate of an edge. */
    EdgeGate: {
      /** @description The newest state of each camera. */
      cameras: components['schemas']['GateCamera'][]
      /** @description Which way it lets through. */
      direction: components['schemas']['Direction']
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /** @description The newest state of each input. */
      inputs: components['schemas']['GateInput'][]
      /** @description Its name. */
      name: string
    }
    /** @description Where an edge stands on its thermal ladder. */
    EdgeHeat: {
      /** @description Since when. */
      at: components['schemas']['At']
      /**
       * Format: double
       * @description The processor's temperature in degrees Celsius when that began.
       */
      celsius?: number | null
      /** @description Far plates are sought at a smaller scale, too. */
      is_coarse: boolean
      /**
       * Format: int32
       * @description The most frames a second that are looked at.
       */
      most_fps: number
      /**
       * Format: int32
       * @description 0: nothing is given up; each step gives up more.
       */
      step: number
    }
    /**
     * @description Whether an edge may connect.
     * @enum {string}
     */
    EdgeState: 'enrolled' | 'retired'
    /** @description A code that was given out, without the code. */
    Enrolment: {
      /** @description When. */
      created_at: components['schemas']['At']
      /** @description Who gave it out. */
      created_by: string
      /**
       * Format: uuid
       * @description The edge that it made.
       */
      edge?: string | null
      /** @description It can be used until then. */
      expires_at: components['schemas']['At']
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /** @description The name that the edge gets. */
      name: string
      used_at?: components['schemas']['At'] | null
    }
    /** @description A one-time code. It is shown once and kept nowhere. */
    EnrolmentCode: {
      /**
       * @description Where the edge connects.
       * @example hub.example.org:8443
       */
      address: string
      /**
       * @description The code.
       * @example 7Q4K-W2ZD-9XH3-P0NB-6RVT-M5CJ-AE
       */
      code: string
      /** @description What to run on the edge. It asks for the code: a command line is no place for a secret. */
      command: string
      /** @description It can be used until then. */
      expires_at: components['schemas']['At']
      /**
       * Format: uuid
       * @description The enrolment that it is for.
       */
      id: string
    }
    /** @description The body of every answer that is a failure. */
    ErrorBody: {
      details?: components['schemas']['ErrorDetails'] | null
      /** @description Stable, for programs: `invalid`, `not_found`, `forbidden`. */
      error_code: string
      /** @description For people. */
      message: string
      /** @description Finds the request in the hub's log. */
      request_id: string
      /** @description When it failed. */
      timestamp: components['schemas']['At']
    }
    /** @description More about a failure. */
    ErrorDetails: {
      /** @description The fields that are not what is allowed. */
      fields?: components['schemas']['FieldFault'][]
      /**
       * Format: int64
       * @description Seconds to wait before the next attempt.
       */
      retry_after_s?: number | null
    }
    /** @description The event behind a row. */
    EventOrigin: {
      /**
       * Format: date-time
       * @description The edge's wall clock at the verdict.
       */
      at: string
      /** @description The edge that reported it. */
      edge: components['schemas']['Named']
      /**
       * Format: int64
       * @description Which life of the edge's numbering.
       */
      epoch: number
      /**
       * Format: date-time
       * @description When the hub took the event in.
       */
      received_at: string
      /**
       * Format: int64
       * @description Its number.
       */
      seq: number
      /** @description How far that clock could be trusted. */
      time_quality: components['schemas']['TimeQuality']
    }
    /** @description One field that is not what is allowed. */
    FieldFault: {
      /** @description Which field, as a path: `schedule.spans[0].weekday`. */
      field: string
      /** @description What is wrong with it, and what is allowed. */
      why: string
    }
    /** @description Missing numbers of an edge's events. */
    Gap: {
      /** @description When it was noticed. */
      at: components['schemas']['At']
      /**
       * Format: int64
       * @description In which life of the numbering.
       */
      epoch: number
      /**
       * Format: int64
       * @description The first missing number.
       */
      expected: number
      /**
       * Format: int64
       * @description The first number after them.
       */
      got: number
    }
    /** @description One barrier. */
    Gate: {
      /** @description Which way it lets through. */
      direction: components['schemas']['Direction']
      edge?: components['schemas']['Named'] | null
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /**
       * @description Its name.
       * @example North entry
       */
      name: string
      /** @description Where it stands. */
      site: components['schemas']['Named']
    }
    /** @description A camera of a gate. */
    GateCamera: {
      /** @description Since when. */
      at: components['schemas']['At']
      /**
       * @description Its name.
       * @example front
       */
      name: string
      /** @description How it is. */
      state: components['schemas']['CameraState']
      /** @description What went wrong. */
      why: string
    }
    /** @description An input of a gate. */
    GateInput: {
      /** @description Whether it is active. */
      active: boolean
      /** @description Since when. */
      at: components['schemas']['At']
      /**
       * @description Its name.
       * @example loop
       */
      name: string
    }
    /**
     * @description Which way a vehicle went through a camera's picture, as the API's document shows it.
     * @enum {string}
     */
    Heading: 'approaching' | 'leaving'
    /**
     * @description Which way vehicles went through the camera's picture.
     * @enum {string}
     */
    HeadingFilter: 'approaching' | 'leaving' | 'unknown'
    /** @description How the hub is. */
    Health: {
      /** @description The hub's build. */
      build: string
      /** @description `ok` or `failed`. */
      database: string
      /** @description The edges. */
      edges: components['schemas']['HealthEdges']
      /**
       * Format: int64
       * @description Which life of the database this is.
       */
      generation: number
      /** @description `ok` or `degraded`. */
      status: string
      /** @description The hub's version. */
      version: string
    }
    /** @description How many edges there are. */
    HealthEdges: {
      /** @description Connected at this moment. */
      connected: number
    }
    /** @description What an import did, or would do. With errors it did nothing. */
    ImportResult: {
      /** @description New ones. */
      created: number
      /** @description Whether nothing was to be changed. */
      dry_run: boolean
      /** @description What is wrong, by row; then nothing was imported. */
      errors: components['schemas']['ImportRowError'][]
      /** @description Permits in the sheet. */
      rows: number
      /** @description Permits in force whose terms changed. One that says the same as before is counted in `rows` alone. */
      updated: number
    }
    /** @description What is wrong in a sheet, and where. */
    ImportRowError: {
      /**
       * @description The column; empty if the whole line is meant.
       * @example schedule
       */
      field: string
      /**
       * Format: int64
       * @description The line, the header being line 1.
       * @example 3
       */
      row: number
      /**
       * @description What is wrong and what is allowed.
       * @example `8-9` is not a time span, such as `08:00-18:00`; a day ends at 24:00
       */
      why: string
    }
    /** @description How sure a gate was of a passage's permit. */
    Likelihood: {
      /**
       * Format: float
       * @description How likely it was, 0 to 1, that the vehicle is the permit's; none if no permit decided, or the gate did not say.
       * @example 0.9998
       */
      probability?: number | null
      runner_up?: components['schemas']['RunnerUp'] | null
    }
    /** @description A name and a password. */
    LogIn: {
      /**
       * @description A code of its authenticator or a recovery code, if it has a second factor. Without one such a log-in hears
       *     `code_needed`, once the password is right.
       */
      code?: string | null
      /** @description The account's name, in any case. */
      name: string
      /** @description Its password. */
      password: string
      /**
       * @description `staff`, which holds if nothing is said, or `customer`. An account logs in as what it is only.
       * @example staff
       */
      principal?: string | null
    }
    /** @description A reading that is not the plate and may still be taken for it. */
    LookAlike: {
      /** @description Whether a gate asks a person, or keeps a denied plate out, even if the reader is sure of this text. */
      asks: boolean
      /** @description Whether a gate opens if the reader wavers there between the two. */
      opens_wavering: boolean
      /** @description Which character it names otherwise, counted from 0. */
      place: number
      /**
       * Format: float
       * @description The probability that a sure reading of it is the plate, 0 to 1.
       */
      probability: number
      /**
       * @description What the reader names.
       * @example 1234BC0
       */
      text: string
    }
    /** @description A model, and whether it is loaded. */
    Model: {
      /** @description What it tells apart. */
      classes: string
      /**
       * @description The size of its input.
       * @example 160x40
       */
      input: string
      /** @description Whether it is loaded. */
      loaded: boolean
      /**
       * @description Its name.
       * @example plate-reader
       */
      name: string
      /** @description SHA-256 of its weights, in hex. */
      sha256: string
      /**
       * @description Its version.
       * @example 1
       */
      version: string
      /** @description Why it is not. */
      why: string
    }
    /** @description A model of an edge. */
    ModelOfEdge: components['schemas']['Model'] & {
      /** @description When the edge said so. */
      at: components['schemas']['At']
      /** @description The edge. */
      edge: components['schemas']['Named']
    }
    /** @description Where the organisation publishes, and how that goes. */
    Mqtt: {
      broker?: components['schemas']['MqttBroker'] | null
    }
    /** @description A broker. Its password is never shown. */
    MqttBroker: {
      /**
       * @description Home Assistant's prefix; empty: nothing is announced to it.
       * @example homeassistant
       */
      discovery: string
      /** @description Whether a password is set. */
      has_password: boolean
      /**
       * @description Its name or address.
       * @example broker.example.com
       */
      host: string
      /** @description Why the last attempt failed, or nothing. */
      last_error: string
      last_success_at?: components['schemas']['At'] | null
      next_attempt_at?: components['schemas']['At'] | null
      /** @description Whether anything is published. */
      on: boolean
      /**
       * Format: int32
       * @description Its port.
       * @example 8883
       */
      port: number
      /**
       * @description How every topic begins.
       * @example gatewarden
       */
      prefix: string
      /** @description Whether it is called over TLS. */
      tls: boolean
      /** @description With what the hub logs in; empty: without. */
      user: string
      /**
       * Format: int64
       * @description Events that the broker has not got.
       * @example 0
       */
      waiting: number
    }
    /** @description Where the organisation is to publish. */
    MqttInput: {
      /**
       * @description Home Assistant's prefix; empty: nothing is announced to it.
       * @example homeassistant
       */
      discovery: string
      /**
       * @description The broker's name or address; one in a private network needs `[outbound] allow`.
       * @example broker.example.com
       */
      host: string
      /** @description Whether anything is published. */
      on: boolean
      /**
       * @description Its password; null keeps the one that is set.
       * @example null
       */
      password: string | null
      /**
       * Format: int32
       * @description Its port.
       * @example 8883
       */
      port: number
      /**
       * @description How every topic begins.
       * @example gatewarden
       */
      prefix: string
      /** @description Whether it is called over TLS; without it in allowed networks only. */
      tls: boolean
      /**
       * @description With what the hub logs in; empty: without.
       * @example gatewarden
       */
      user: string
    }
    /** @description Something of the fleet, as a list names it. */
    Named: {
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /**
       * @description Its name today.
       * @example North entry
       */
      name: string
    }
    /** @description A permit whose plate differs by one character. */
    NearPermit: {
      /** @description Whether it keeps its plate out. */
      denied: boolean
      /** @description Whether the reader often takes one for the other. */
      often: boolean
      /**
       * @description The permit's character in its place; none where the plate has one more.
       * @example 1
       */
      other?: string | null
      /**
       * @description The plate's character; none where the permit's has one more.
       * @example I
       */
      own?: string | null
      /** @description The permit. */
      permit: components['schemas']['PermitRef']
    }
    /** @description A new account. */
    NewAccount: {
      /**
       * @description The name that it will log in with; unique on this hub, in any case.
       * @example olga
       */
      name: string
      /**
       * @description At least 8 characters with an upper-case letter, a lower-case letter and a digit.
       * @example Correct-Horse-1
       */
      password: string
      /**
       * @description The name of a role of the organisation.
       * @example operator
       */
      role: string
      /** @description The sites that it is limited to; null or left out for all. */
      sites?: string[] | null
    }
    /** @description What a new key is to be. */
    NewApiKey: {
      expires_at: components['schemas']['At'] | null
      /**
       * @description What it is for.
       * @example accounting
       */
      name: string
      /**
       * @description The names of its rights, none that the caller does not have.
       * @example [
       *       "view_passages"
       *     ]
       */
      rights: string[]
    }
    /** @description A machine that is to become an edge. */
    NewEnrolment: {
      /** @description The gates that it runs. */
      gates: components['schemas']['NewGate'][]
      /**
       * @description The edge's name, unique in the organisation.
       * @example north-pi
       */
      name: string
      /**
       * Format: uuid
       * @description Where it stands; null if the organisation has one site.
       */
      site?: string | null
    }
    /** @description A gate that an edge is to run. */
    NewGate: {
      /** @description Which way it lets through. */
      direction: components['schemas']['Direction']
      /**
       * @description Its name, unique at its site.
       * @example North entry
       */
      name: string
    }
    /** @description What a person wants a barrier to do. */
    NewOrder: {
      /** @description `open` opens and closes by itself later, `hold_open` stays open until told to close. */
      action: components['schemas']['BarrierAction']
      /**
       * @description Why, in words, for those who look later.
       * @example delivery without a permit
       */
      reason: string
    }
    /** @description A password in place of another. */
    NewPassword: {
      /**
       * @description At least 8 characters with an upper-case letter, a lower-case letter and a digit.
       * @example Correct-Horse-2
       */
      password: string
    }
    /** @description A vehicle that is on site and that no gate saw coming. */
    NewVisit: {
      /**
       * @description Its plate.
       * @example 1234 BCD
       */
      plate: string
      /**
       * @description Why, in words, for those who look later.
       * @example came in while the camera was being cleaned
       */
      reason: string
      /**
       * Format: uuid
       * @description Where it is.
       */
      site: string
    }
    /** @description How full each site is. */
    Occupancy: {
      /** @description Every site of the organisation. */
      sites: components['schemas']['SiteOccupancy'][]
    }
    /** @description An order to move a barrier. It expires within seconds and runs at most once. */
    Order: {
      /** @description What to do. */
      action: components['schemas']['BarrierAction']
      /**
       * @description Who gave it.
       * @example ana
       */
      by: string
      done_at?: components['schemas']['At'] | null
      /** @description From this moment on it is never carried out. */
      expires_at: components['schemas']['At']
      /**
       * Format: uuid
       * @description Which gate.
       */
      gate: string
      /** @description When. */
      given_at: components['schemas']['At']
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /** @description Why. */
      reason: string
      /** @description How it stands. */
      state: components['schemas']['OrderState']
    }
    /** @description An order that moved nothing. */
    OrderRefused: {
      /** @description What was wanted. */
      action: components['schemas']['BarrierAction']
      /** @description When it was given. */
      at: components['schemas']['At']
      /** @description Where. */
      gate: components['schemas']['Named']
      /** @description What became of it. */
      state: components['schemas']['OrderState']
    }
    /**
     * @description How an order stands.
     * @enum {string}
     */
    OrderState: 'waiting' | 'sent' | 'done' | 'expired' | 'repeated' | 'blocked' | 'no_such_gate' | 'failed'
    /**
     * @description What the gate decided, as the API's document shows it.
     * @enum {string}
     */
    Outcome: 'open' | 'deny' | 'ask'
    /** @description One page. */
    Page_Account: {
      /** @description The items. */
      items: {
        /** @description When it was created. */
        created_at: components['schemas']['At']
        disabled_at?: components['schemas']['At'] | null
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /** @description The name that it logs in with. */
        name: string
        /**
         * @description The name of its role.
         * @example operator
         */
        role: string
        /** @description The sites that it is limited to; null for all, those of the future, too. */
        sites?: string[] | null
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_ApiKey: {
      /** @description The items. */
      items: {
        /** @description The account on whose behalf it calls; it never may more than that. */
        account: components['schemas']['Named']
        /** @description When it was made. */
        created_at: components['schemas']['At']
        expires_at?: components['schemas']['At'] | null
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /** @description From which address. */
        last_address: string
        last_used_at?: components['schemas']['At'] | null
        /**
         * @description What it is for.
         * @example accounting
         */
        name: string
        /**
         * @description How its secret begins, to find it again by.
         * @example gwk_Zk3v9Qad
         */
        prefix: string
        revoked_at?: components['schemas']['At'] | null
        /**
         * @description The names of the rights that it was given.
         * @example [
         *       "view_passages"
         *     ]
         */
        rights: string[]
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_AuditLine: {
      /** @description The items. */
      items: {
        /** @description What was done: `permit.create`. */
        action: string
        /** @description Who. */
        actor: components['schemas']['AuditActor']
        /** @description Where the request came from. */
        address: string
        /** @description When. */
        at: components['schemas']['At']
        /** @description What exactly. */
        details: unknown
        /** @description The line's hash in the chain, in hex. */
        hash: string
        /** @description Its place in the trail. */
        id: string
        /** @description Its id, or nothing. */
        object_id: string
        /** @description What it was done to. */
        object_kind: string
        /** @description One sentence. */
        summary: string
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_CameraRevision: {
      /** @description The items. */
      items: {
        /** @description When. */
        at: components['schemas']['At']
        /**
         * @description Who changed it; null: the hub itself, after it was restored from a backup.
         * @example ana
         */
        by?: string | null
        /**
         * Format: int64
         * @description The revision that this one repeats; 0 for the edge's own settings.
         */
        restores?: number | null
        /**
         * Format: int64
         * @description Its number.
         */
        revision: number
        settings?: components['schemas']['CameraSettings'] | null
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_DeadLetter: {
      /** @description The items. */
      items: {
        /** @description What it tells. */
        data: unknown
        /** @description When it was given up. */
        died_at: components['schemas']['At']
        /**
         * @description Why the last attempt failed.
         * @example there was no answer in time
         */
        error: string
        /**
         * Format: uuid
         * @description The event's id.
         */
        event: string
        /** @description Whether it is about to be sent again. */
        is_waiting: boolean
        /**
         * @description Its kind.
         * @example passage
         */
        kind: string
        /**
         * Format: int64
         * @description Names it among the webhook's dead letters.
         * @example 4711
         */
        number: number
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Delivery: {
      /** @description The items. */
      items: {
        /**
         * @description How the answer began, as plain text.
         * @example
         */
        answer: string
        /** @description When it ended. */
        at: components['schemas']['At']
        /**
         * Format: int32
         * @description Which attempt in a row, from 1.
         * @example 1
         */
        attempt: number
        /**
         * @description Why it failed; empty: it was taken.
         * @example
         */
        error: string
        /**
         * Format: uuid
         * @description The event's id, the same in every attempt.
         */
        event: string
        /**
         * @description Its kind.
         * @example passage
         */
        kind: string
        /**
         * Format: int32
         * @description The answer's status; null: there was no answer.
         * @example 204
         */
        status?: number | null
        /**
         * Format: int64
         * @description How long it took, in milliseconds.
         * @example 35
         */
        took_ms: number
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Edge: {
      /** @description The items. */
      items: {
        /**
         * Format: int64
         * @description The permit book in force at the edge.
         */
        book_version: number
        /** @description Whether it is connected. */
        connected: boolean
        /**
         * Format: int64
         * @description The newest life of its numbering.
         */
        epoch: number
        /**
         * Format: int64
         * @description Events of it that the hub holds, of all its epochs.
         */
        events_held: number
        /** @description Numbers that are missing and were not filled. */
        gaps: components['schemas']['Gap'][]
        /** @description Its gates. */
        gates: components['schemas']['EdgeGate'][]
        heat?: components['schemas']['EdgeHeat'] | null
        /**
         * Format: uuid
         * @description Its identity, bound to its certificate.
         */
        id: string
        /**
         * Format: int64
         * @description Events that it has and the hub has not.
         */
        lag_events: number
        last_heard_at?: components['schemas']['At'] | null
        /** @description The machine's own name. */
        machine: string
        /** @description Its models. */
        models: components['schemas']['Model'][]
        /**
         * @description Its name.
         * @example north-pi
         */
        name: string
        /** @description Where it stands. */
        site: components['schemas']['Named']
        /** @description Whether it may connect. */
        state: components['schemas']['EdgeState']
        /**
         * Format: int64
         * @description The hub has everything up to here in that epoch.
         */
        through: number
        /** @description The agent's version. */
        version?: string | null
        /**
         * Format: int64
         * @description The permit book that it should have.
         */
        wanted_book_version: number
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Enrolment: {
      /** @description The items. */
      items: {
        /** @description When. */
        created_at: components['schemas']['At']
        /** @description Who gave it out. */
        created_by: string
        /**
         * Format: uuid
         * @description The edge that it made.
         */
        edge?: string | null
        /** @description It can be used until then. */
        expires_at: components['schemas']['At']
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /** @description The name that the edge gets. */
        name: string
        used_at?: components['schemas']['At'] | null
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Gate: {
      /** @description The items. */
      items: {
        /** @description Which way it lets through. */
        direction: components['schemas']['Direction']
        edge?: components['schemas']['Named'] | null
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /**
         * @description Its name.
         * @example North entry
         */
        name: string
        /** @description Where it stands. */
        site: components['schemas']['Named']
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_ModelOfEdge: {
      /** @description The items. */
      items: (components['schemas']['Model'] & {
        /** @description When the edge said so. */
        at: components['schemas']['At']
        /** @description The edge. */
        edge: components['schemas']['Named']
      })[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Order: {
      /** @description The items. */
      items: {
        /** @description What to do. */
        action: components['schemas']['BarrierAction']
        /**
         * @description Who gave it.
         * @example ana
         */
        by: string
        done_at?: components['schemas']['At'] | null
        /** @description From this moment on it is never carried out. */
        expires_at: components['schemas']['At']
        /**
         * Format: uuid
         * @description Which gate.
         */
        gate: string
        /** @description When. */
        given_at: components['schemas']['At']
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /** @description Why. */
        reason: string
        /** @description How it stands. */
        state: components['schemas']['OrderState']
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Passage: {
      /** @description The items. */
      items: {
        /**
         * Format: int64
         * @description The version of the permit book that was asked.
         */
        book_version: number
        /** @description The camera's name in the gate's configuration. */
        camera: string
        /**
         * Format: float
         * @description How sure the read is, 0 to 1.
         * @example 0.97
         */
        confidence?: number | null
        /** @description Which way this gate lets through. */
        direction: components['schemas']['Direction']
        /**
         * Format: date-time
         * @description When it was over.
         */
        ended_at?: string | null
        /**
         * Format: date-time
         * @description The first frame that showed it.
         */
        first_seen: string
        /**
         * Format: int32
         * @description How many frames showed it.
         */
        frames: number
        /** @description The gate. */
        gate: components['schemas']['Named']
        heading?: components['schemas']['Heading'] | null
        /**
         * Format: uuid
         * @description Its identity, made at the edge.
         */
        id: string
        /**
         * Format: date-time
         * @description The newest frame that showed it.
         */
        last_seen: string
        mismatch?: components['schemas']['VehicleMismatch'] | null
        /** @description What was decided. */
        outcome: components['schemas']['Outcome']
        permit?: components['schemas']['PermitRef'] | null
        /** @description The pictures kept, or what became of them. */
        pictures: components['schemas']['Picture'][]
        /**
         * @description What was read; none if something came by without a readable plate.
         * @example 1234BCD
         */
        plate?: string | null
        /** @description Why. */
        reason: components['schemas']['Reason']
        /** @description The site. */
        site: components['schemas']['Named']
        /** @description How long each stage took, in microseconds; a stage that did not run is zero. */
        stages: components['schemas']['Stages']
        vehicle?: components['schemas']['Vehicle'] | null
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Permit: {
      /** @description The items. */
      items: (components['schemas']['Terms'] & {
        /**
         * Format: date-time
         * @description When it was made.
         */
        created_at: string
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /**
         * Format: date-time
         * @description When it last changed.
         */
        updated_at: string
        /**
         * Format: date-time
         * @description When it was withdrawn; it opens nothing since.
         */
        withdrawn_at?: string | null
      })[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Role: {
      /** @description The items. */
      items: {
        /** @description When it was made. */
        created_at: components['schemas']['At']
        /** @description Whether it always has every right; then only `needs_second_factor` can be changed. */
        fixed: boolean
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /**
         * @description Its name, by which accounts name it.
         * @example operator
         */
        name: string
        /** @description Whether an account has these rights only with a second factor. */
        needs_second_factor: boolean
        /**
         * @description The names of its rights.
         * @example [
         *       "view_passages",
         *       "view_fleet"
         *     ]
         */
        rights: string[]
        /** @description Whether it is one of the five from the start: its name stays and it can't be removed. */
        seeded: boolean
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_SavedSearch: {
      /** @description The items. */
      items: {
        /** @description Who keeps it. */
        account: components['schemas']['SearchOwner']
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /**
         * @description What it is called.
         * @example Refused last night
         */
        name: string
        /** @description Whether it is the caller's own; only those can be changed. */
        own: boolean
        /** @description What the list is narrowed by. */
        query: components['schemas']['PassageQuery']
        /** @description Whether whoever reaches all sites of the organisation sees it. */
        shared: boolean
        /** @description When it was kept or changed. */
        updated_at: components['schemas']['At']
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_SessionListed: {
      /** @description The items. */
      items: {
        /**
         * @description The address where it began.
         * @example 192.0.2.7
         */
        address: string
        /** @description What the browser called itself. */
        agent: string
        /** @description When it began. */
        began_at: components['schemas']['At']
        /** @description When it ends by itself. */
        expires_at: components['schemas']['At']
        /**
         * Format: uuid
         * @description Names it; it is no secret.
         */
        id: string
        /**
         * @description `session` of a browser, or `token` of a program that logged in with name and password.
         * @example session
         */
        kind: string
        /** @description Whether it is the one that asks. */
        own: boolean
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Site: {
      /** @description The items. */
      items: {
        /**
         * Format: int64
         * @description How many vehicles it has room for, if somebody said so.
         */
        capacity?: number | null
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /**
         * @description Its name.
         * @example Town hall car park
         */
        name: string
        /**
         * @description The time zone in which its schedules are meant.
         * @example Europe/Madrid
         */
        time_zone: string
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Visit: {
      /** @description The items. */
      items: {
        corrected?: components['schemas']['Correction'] | null
        /**
         * Format: int64
         * @description How long it was there, in seconds, if both ends are known.
         */
        duration_s?: number | null
        /**
         * Format: date-time
         * @description When it came.
         */
        entered_at?: string | null
        /**
         * Format: uuid
         * @description The passage by which it came.
         */
        entry_passage?: string | null
        /**
         * Format: uuid
         * @description The passage by which it left.
         */
        exit_passage?: string | null
        /** @description Who holds the permit that let it in or out. */
        holder?: string | null
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /**
         * Format: date-time
         * @description When it left.
         */
        left_at?: string | null
        /**
         * @description The plate.
         * @example 1234BCD
         */
        plate: string
        /** @description Where. */
        site: components['schemas']['Named']
        /** @description Whether it goes on. */
        state: components['schemas']['VisitState']
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description One page. */
    Page_Webhook: {
      /** @description The items. */
      items: {
        /** @description When it was made. */
        created_at: components['schemas']['At']
        /**
         * Format: int64
         * @description Events that it did not take in time.
         * @example 0
         */
        dead_letters: number
        failing_since?: components['schemas']['At'] | null
        /**
         * Format: uuid
         * @description Its identity.
         */
        id: string
        /**
         * @description The kinds of events that it takes; null for all.
         * @example [
         *       "passage",
         *       "order"
         *     ]
         */
        kinds?: string[] | null
        /** @description Why the last attempt failed, or nothing. */
        last_error: string
        last_success_at?: components['schemas']['At'] | null
        /**
         * @description What it is for.
         * @example visitor screen
         */
        name: string
        next_attempt_at?: components['schemas']['At'] | null
        /** @description The sites whose events it takes; null for all, and for what is about no one site. */
        sites?: string[] | null
        /**
         * @description `on`, `paused`, or `failed`: given up after long failure.
         * @example on
         */
        state: string
        /**
         * @description Where it listens.
         * @example https://example.com/gatewarden
         */
        url: string
        /**
         * Format: int64
         * @description Events of the organisation that it has not got yet, those that it does not take among them.
         * @example 0
         */
        waiting: number
      }[]
      /** @description Give it as `cursor` for the next page; null on the last. */
      next_cursor?: string | null
    }
    /** @description A passage as lists show it. */
    Passage: {
      /**
       * Format: int64
       * @description The version of the permit book that was asked.
       */
      book_version: number
      /** @description The camera's name in the gate's configuration. */
      camera: string
      /**
       * Format: float
       * @description How sure the read is, 0 to 1.
       * @example 0.97
       */
      confidence?: number | null
      /** @description Which way this gate lets through. */
      direction: components['schemas']['Direction']
      /**
       * Format: date-time
       * @description When it was over.
       */
      ended_at?: string | null
      /**
       * Format: date-time
       * @description The first frame that showed it.
       */
      first_seen: string
      /**
       * Format: int32
       * @description How many frames showed it.
       */
      frames: number
      /** @description The gate. */
      gate: components['schemas']['Named']
      heading?: components['schemas']['Heading'] | null
      /**
       * Format: uuid
       * @description Its identity, made at the edge.
       */
      id: string
      /**
       * Format: date-time
       * @description The newest frame that showed it.
       */
      last_seen: string
      mismatch?: components['schemas']['VehicleMismatch'] | null
      /** @description What was decided. */
      outcome: components['schemas']['Outcome']
      permit?: components['schemas']['PermitRef'] | null
      /** @description The pictures kept, or what became of them. */
      pictures: components['schemas']['Picture'][]
      /**
       * @description What was read; none if something came by without a readable plate.
       * @example 1234BCD
       */
      plate?: string | null
      /** @description Why. */
      reason: components['schemas']['Reason']
      /** @description The site. */
      site: components['schemas']['Named']
      /** @description How long each stage took, in microseconds; a stage that did not run is zero. */
      stages: components['schemas']['Stages']
      vehicle?: components['schemas']['Vehicle'] | null
    }
    /** @description How many passages a search has. */
    PassageCount: {
      /**
       * Format: int64
       * @description As many at least; counted up to 1,000.
       * @example 1000
       */
      count: number
      /** @description Whether there may be more. */
      is_more: boolean
    }
    /** @description Everything that is known of a passage. */
    PassageDetail: components['schemas']['Passage'] &
      components['schemas']['Likelihood'] & {
        /** @description How the barrier moved for it, in order. */
        barrier: components['schemas']['BarrierMove'][]
        /** @description The most likely texts, the best first. */
        candidates: components['schemas']['Candidate'][]
        /** @description The characters of the plate with what else they could be. */
        characters: components['schemas']['Character'][]
        /** @description The plate's corners in pixels of the frame, clockwise from the top left. */
        corners?: number[][] | null
        /**
         * Format: float
         * @description How sure the detector is that this is a plate, 0 to 1.
         */
        detection?: number | null
        /** @description The event that reported it. */
        event: components['schemas']['EventOrigin']
        /** @description `name@version` of each model that took part. */
        models: string[]
      }
    /** @description Which passages. */
    PassageQuery: {
      /** @default null */
      from: components['schemas']['At'] | null
      /**
       * Format: uuid
       * @description Only this gate.
       * @default null
       */
      gate: string | null
      /** @default null */
      heading: components['schemas']['HeadingFilter'] | null
      /**
       * @description Only vehicles that are, or are not, other than their permit says.
       * @default null
       */
      mismatch: boolean | null
      /**
       * Format: int32
       * @description With `plate_match` `fuzzy`: how many characters may be off, 1 or 2; 1 if not given.
       * @default null
       */
      off: number | null
      /** @default null */
      outcome: components['schemas']['Outcome'] | null
      /**
       * @description A plate or a part of one; blanks and dashes do not matter, the letter O and the digit 0 are the same. With
       *     `plate_match` `contains` it may have wildcards, and is then meant from the first character to the last: `*` stands
       *     for any characters, `?` for exactly one.
       * @default null
       * @example 12*BCD
       */
      plate: string | null
      /** @default null */
      plate_match: components['schemas']['PlateMatch'] | null
      /** @default null */
      reason: components['schemas']['Reason'] | null
      /**
       * Format: uuid
       * @description Only this site.
       * @default null
       */
      site: string | null
      /** @default null */
      until: components['schemas']['At'] | null
      /** @default null */
      vehicle_colour: components['schemas']['VehicleColour'] | null
      /** @default null */
      vehicle_type: components['schemas']['VehicleType'] | null
    }
    /** @description A new password, and the one that it replaces. */
    PasswordChange: {
      /**
       * @description The password that holds.
       * @example Correct-Horse-1
       */
      current: string
      /**
       * @description The new one: at least 8 characters with an upper-case letter, a lower-case letter and a digit.
       * @example Correct-Horse-2
       */
      password: string
    }
    /** @description A permit as the hub keeps it. */
    Permit: components['schemas']['Terms'] & {
      /**
       * Format: date-time
       * @description When it was made.
       */
      created_at: string
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /**
       * Format: date-time
       * @description When it last changed.
       */
      updated_at: string
      /**
       * Format: date-time
       * @description When it was withdrawn; it opens nothing since.
       */
      withdrawn_at?: string | null
    }
    /** @description What a person decides about a permit. */
    PermitInput: {
      /** @description A known plate that does not open. */
      denied?: boolean
      /** @description At which gates; empty means at every gate. */
      gates?: string[]
      /**
       * @description A word to group permits by.
       * @example staff
       */
      group?: string
      /**
       * @description Who holds it.
       * @example Ana Ruiz
       */
      holder?: string
      /** @description Anything else worth knowing. */
      note?: string
      /**
       * @description The plate that it lets through; blanks, dots and dashes do not matter.
       * @example 1234 BCD
       */
      plate: string
      /** @description When in the week; no spans means always. */
      schedule?: components['schemas']['WeekSchedule']
      valid_from?: components['schemas']['At'] | null
      valid_until?: components['schemas']['At'] | null
      vehicle_colour?: components['schemas']['VehicleColour'] | null
      vehicle_type?: components['schemas']['VehicleType'] | null
    }
    /** @description What a permit of a plate would match, with the budgets that gates usually have. */
    PermitPreview: {
      /** @description Readings that are not the plate and may still be taken for it, the likeliest first; 24 at most. */
      look_alikes: components['schemas']['LookAlike'][]
      /**
       * @description Permits whose plates differ by one character, those first that are often taken for it; 20 at most. Between two such
       *     plates a bad picture never opens.
       */
      near: components['schemas']['NearPermit'][]
      /**
       * @description The plate as it is compared, without blanks and dashes.
       * @example 1234BCD
       */
      plate: string
      taken?: components['schemas']['PermitRef'] | null
    }
    /** @description The permit of a passage, as far as a list shows it. */
    PermitRef: {
      /** @description Who holds it. */
      holder: string
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /** @description Its plate, which the read may differ from. */
      plate: string
    }
    /** @description A picture of a passage. */
    Picture: {
      /**
       * @description `frame` or `crop`.
       * @example crop
       */
      kind: string
      /**
       * @description Its type.
       * @example image/jpeg
       */
      media_type: string
      /**
       * Format: int64
       * @description Its size.
       */
      size_bytes: number
      /** @description Whether its bytes are here, still at the edge, or gone after their time. */
      state: components['schemas']['PictureStage']
      /**
       * @description Where its bytes are.
       * @example /api/v1/passages/01937f2e-7d10-7000-8000-000000000001/pictures/crop
       */
      url: string
    }
    /**
     * @description What became of a picture.
     * @enum {string}
     */
    PictureStage: 'stored' | 'waiting' | 'expired'
    /**
     * @description How a plate is searched.
     * @enum {string}
     */
    PlateMatch: 'contains' | 'prefix' | 'exact' | 'fuzzy'
    /** @description What the caller prefers. It is put as a whole: each field is there, and null is what the browser says. */
    Preferences: {
      /**
       * @description `light` or `dark`.
       * @example dark
       */
      colour_scheme: string | null
      /**
       * Format: uuid
       * @description The site that lists begin with; null for all. One that is out of the caller's reach since reads as null.
       */
      default_site: string | null
      /**
       * @description The language of the console: `en`, `de` or `es`.
       * @example de
       */
      language: string | null
      /**
       * @description What the console announces when it happens: `gate_asks`, `entry_denied`, `camera_down`.
       * @example [
       *       "gate_asks"
       *     ]
       */
      notices: string[]
      /**
       * @description The zone in which times are shown, by its name in the IANA's list.
       * @example Europe/Madrid
       */
      time_zone: string | null
    }
    /** @description A QR code to draw. */
    Qr: {
      /** @description Its dark modules as the path of an SVG with that view box. */
      path: string
      /**
       * Format: int32
       * @description Its width and height in modules, with the quiet zone.
       */
      size: number
    }
    /** @description Whether the hub takes requests. */
    Ready: {
      /** @description Always true; a hub that is not ready answers 503. */
      ready: boolean
    }
    /**
     * @description Why the gate decided so, as the API's document shows it.
     * @enum {string}
     */
    Reason:
      | 'permitted'
      | 'denied'
      | 'unknown'
      | 'not_yet_valid'
      | 'expired'
      | 'outside_schedule'
      | 'other_gate'
      | 'unsure'
      | 'ambiguous'
      | 'time_unknown'
      | 'no_plate'
    /** @description Codes for the day on which the authenticator is lost. They are shown in this answer only. */
    RecoveryCodes: {
      /** @description Each logs in once in place of a code. */
      codes: string[]
    }
    /** @description A refresh token. */
    Refresh: {
      /**
       * @description The newest of the log-in.
       * @example gwr_Zk3v9QadGhOqYFvJg1v3xqOQDHYh3yqgJ8yYdWq3uXo
       */
      refresh_token: string
    }
    /** @description How many were asked for again. */
    Replayed: {
      /**
       * @description Dead letters that are sent again.
       * @example 1
       */
      count: number
    }
    /** @description Which settings to take again. */
    RestoreCamera: {
      /**
       * Format: int64
       * @description A revision of the history; 0 for the edge's own settings.
       */
      revision: number
    }
    /** @description A token of the log-in that is to end. */
    Revoke: {
      /**
       * @description A refresh token of it, or an access token that holds.
       * @example gwr_Zk3v9QadGhOqYFvJg1v3xqOQDHYh3yqgJ8yYdWq3uXo
       */
      token: string
    }
    /** @description One role. */
    Role: {
      /** @description When it was made. */
      created_at: components['schemas']['At']
      /** @description Whether it always has every right; then only `needs_second_factor` can be changed. */
      fixed: boolean
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /**
       * @description Its name, by which accounts name it.
       * @example operator
       */
      name: string
      /** @description Whether an account has these rights only with a second factor. */
      needs_second_factor: boolean
      /**
       * @description The names of its rights.
       * @example [
       *       "view_passages",
       *       "view_fleet"
       *     ]
       */
      rights: string[]
      /** @description Whether it is one of the five from the start: its name stays and it can't be removed. */
      seeded: boolean
    }
    /** @description What a role is to be. */
    RoleInput: {
      /**
       * @description Its name, unique in the organisation, in any case.
       * @example night shift
       */
      name: string
      /** @description Whether an account has these rights only with a second factor. */
      needs_second_factor?: boolean
      /**
       * @description The names of its rights.
       * @example [
       *       "view_passages",
       *       "order_barrier"
       *     ]
       */
      rights: string[]
    }
    /** @description A permit whose plate the read might have been instead. */
    RunnerUp: {
      /** @description The permit, as it is today. */
      permit: components['schemas']['PermitRef']
      /**
       * Format: float
       * @description How likely it was, 0 to 1.
       * @example 0.002
       */
      probability: number
    }
    /** @description A search that somebody keeps. */
    SavedSearch: {
      /** @description Who keeps it. */
      account: components['schemas']['SearchOwner']
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /**
       * @description What it is called.
       * @example Refused last night
       */
      name: string
      /** @description Whether it is the caller's own; only those can be changed. */
      own: boolean
      /** @description What the list is narrowed by. */
      query: components['schemas']['PassageQuery']
      /** @description Whether whoever reaches all sites of the organisation sees it. */
      shared: boolean
      /** @description When it was kept or changed. */
      updated_at: components['schemas']['At']
    }
    /** @description A search to keep. */
    SavedSearchInput: {
      /**
       * @description What it is called, 1 to 60 characters; once per account.
       * @example Refused last night
       */
      name: string
      /** @description What the list is narrowed by. */
      query: components['schemas']['PassageQuery']
      /** @description Whether whoever reaches all sites of the organisation sees it. */
      shared?: boolean
    }
    /** @description Who keeps a search. */
    SearchOwner: {
      /**
       * Format: uuid
       * @description The account.
       */
      id: string
      /** @description Its name when it kept the search. */
      name: string
    }
    /** @description What an authenticator needs. It is shown in this answer only. */
    SecondFactorOffer: {
      /** @description The address as a QR code. */
      qr: components['schemas']['Qr']
      /**
       * @description To type into the authenticator.
       * @example GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ
       */
      secret: string
      /** @description The same with all that belongs to it, as an address. */
      url: string
    }
    /** @description Whether the caller's log-in asks for a code. */
    SecondFactorState: {
      /** @description Whether it does. */
      on: boolean
      /**
       * Format: int64
       * @description How many recovery codes are left.
       */
      recovery_codes: number
      since?: components['schemas']['At'] | null
    }
    /** @description Who is logged in, and what the console needs to know of it. */
    Session: {
      /** @description The account. */
      account: components['schemas']['SessionAccount']
      /** @description The hub's build. */
      build: string
      /** @description Goes into the `X-CSRF-Token` header of each write. */
      csrf: string
      /** @description True if its role has rights only with a second factor, which is to be set up first. */
      needs_second_factor: boolean
      /** @description Its organisation. */
      organisation: components['schemas']['SessionOrganisation']
      /** @description The names of its rights. */
      rights: string[]
      /** @description The hub's version. */
      version: string
    }
    /** @description The account of a session. */
    SessionAccount: {
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /** @description Its name. */
      name: string
      /**
       * @description The name of its role.
       * @example operator
       */
      role: string
    }
    /** @description One log-in that holds. */
    SessionListed: {
      /**
       * @description The address where it began.
       * @example 192.0.2.7
       */
      address: string
      /** @description What the browser called itself. */
      agent: string
      /** @description When it began. */
      began_at: components['schemas']['At']
      /** @description When it ends by itself. */
      expires_at: components['schemas']['At']
      /**
       * Format: uuid
       * @description Names it; it is no secret.
       */
      id: string
      /**
       * @description `session` of a browser, or `token` of a program that logged in with name and password.
       * @example session
       */
      kind: string
      /** @description Whether it is the one that asks. */
      own: boolean
    }
    /** @description The organisation of a session. */
    SessionOrganisation: {
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /** @description Its name. */
      name: string
    }
    /** @description What a fresh hub needs to know. */
    SetupRequest: {
      /** @description The administrator's name. */
      name: string
      /** @description The organisation's name. This and the site are not asked for if the hub was provisioned with them. */
      organisation?: string
      /** @description The administrator's password. */
      password: string
      /** @description The first site's name. */
      site?: string
      /** @description The site's time zone: `Europe/Madrid`. */
      time_zone?: string
      /** @description From the set-up link that the hub printed. */
      token: string
    }
    /** @description Whether the hub waits for its set-up. */
    SetupState: {
      /** @description True until the first administrator exists. */
      needed: boolean
      /** @description The organisation's name, if the hub was provisioned with one; then set-up asks for the administrator only. */
      organisation?: string | null
    }
    /** @description One place of the organisation. */
    Site: {
      /**
       * Format: int64
       * @description How many vehicles it has room for, if somebody said so.
       */
      capacity?: number | null
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /**
       * @description Its name.
       * @example Town hall car park
       */
      name: string
      /**
       * @description The time zone in which its schedules are meant.
       * @example Europe/Madrid
       */
      time_zone: string
    }
    /** @description How full a site is. */
    SiteOccupancy: {
      /**
       * Format: int64
       * @description How many it has room for, if somebody said so.
       * @example 120
       */
      capacity?: number | null
      /**
       * Format: int64
       * @description Vehicles on site.
       * @example 17
       */
      on_site: number
      /** @description The site. */
      site: components['schemas']['Named']
    }
    /** @description A span of one weekday, in minutes after local midnight. */
    Span: {
      /**
       * Format: int32
       * @description First minute of the day, 0 to 1439.
       * @example 480
       */
      from_minute: number
      /**
       * Format: int32
       * @description First minute after the span, 1 to 1440, later than `from_minute`.
       * @example 1080
       */
      until_minute: number
      /**
       * Format: int32
       * @description 0 is Monday, 6 is Sunday.
       * @example 0
       */
      weekday: number
    }
    /** @description How long each stage of a passage took, in microseconds. */
    Stages: {
      /**
       * Format: int64
       * @description Telling the barrier to move.
       */
      actuate_us: number
      /**
       * Format: int64
       * @description From the camera's clock to the frame in hand.
       */
      capture_us: number
      /**
       * Format: int64
       * @description Sighting to verdict.
       */
      decide_us: number
      /**
       * Format: int64
       * @description Bytes to pixels.
       */
      decode_us: number
      /**
       * Format: int64
       * @description Finding plates.
       */
      detect_us: number
      /**
       * Format: int64
       * @description Reading plates.
       */
      read_us: number
      /**
       * Format: int64
       * @description Appending the event to the spool, on disk for good.
       */
      record_us: number
      /**
       * Format: int64
       * @description Looking at the vehicle: its type and colour.
       */
      vehicle_us: number
    }
    /** @description Figures over a range of time. */
    Statistics: {
      /**
       * Format: int64
       * @description How long these were on average, in seconds; null if there are none, or without the right to see visits.
       * @example 5400
       */
      average_stay_s?: number | null
      /** @description Hour by hour or day by day, empty ones too, in order. */
      buckets: components['schemas']['StatisticsBucket'][]
      /**
       * Format: double
       * @description The part of the openings that a person ordered, 0 to 1; null without an opening.
       * @example 0.016
       */
      by_hand_share?: number | null
      /** @description From here. */
      from: components['schemas']['At']
      /**
       * Format: int64
       * @description How often barriers opened.
       * @example 244
       */
      openings: number
      /**
       * Format: int64
       * @description How often of these by a person's order.
       * @example 4
       */
      openings_by_hand: number
      /**
       * Format: int64
       * @description Every passage.
       * @example 253
       */
      passages: number
      /**
       * Format: int64
       * @description Stays that began in the range and have ended; null without the right to see visits.
       * @example 120
       */
      stays?: number | null
      /** @description How long a bucket is. */
      step: components['schemas']['Step']
      /**
       * @description Whose hours and days: the site's, or of the first site by name.
       * @example Europe/Madrid
       */
      time_zone: string
      /** @description The sums of the buckets. */
      total: components['schemas']['StatisticsCounts']
      /**
       * Format: double
       * @description The part of the passages whose plate no permit has, 0 to 1; null without a passage.
       * @example 0.028
       */
      unknown_share?: number | null
      /** @description Until just before here. */
      until: components['schemas']['At']
    }
    /** @description The counts of an hour or a day. */
    StatisticsBucket: components['schemas']['StatisticsCounts'] & {
      /**
       * Format: date-time
       * @description When it begins.
       */
      at: string
    }
    /** @description Counts of passages and of vehicles that came and left. */
    StatisticsCounts: {
      /**
       * Format: int64
       * @description Passages that the gate asked about.
       * @example 9
       */
      asked: number
      /**
       * Format: int64
       * @description Passages that were denied.
       * @example 4
       */
      denied: number
      /**
       * Format: int64
       * @description Vehicles that came in.
       * @example 128
       */
      entries: number
      /**
       * Format: int64
       * @description Vehicles that went out.
       * @example 121
       */
      exits: number
      /**
       * Format: int64
       * @description Passages for which the gate opened by itself.
       * @example 240
       */
      opened: number
      /**
       * Format: int64
       * @description Passages whose plate no permit has.
       * @example 7
       */
      unknown: number
      /**
       * Format: int64
       * @description Passages without a readable plate.
       * @example 2
       */
      unread: number
    }
    /**
     * @description The length of a bucket.
     * @enum {string}
     */
    Step: 'hour' | 'day'
    /** @description What a person decides about a permit. */
    Terms: {
      /** @description A known plate that does not open. */
      denied: boolean
      /** @description At which gates; empty means at every gate. */
      gates: string[]
      /**
       * @description A word to group permits by.
       * @example staff
       */
      group: string
      /**
       * @description Who holds it.
       * @example Ana Ruiz
       */
      holder: string
      /** @description Anything else worth knowing. */
      note: string
      /**
       * @description The plate that it lets through, normalised.
       * @example 1234BCD
       */
      plate: string
      /** @description When in the week, in the time zone of the organisation's first site; no spans means always. */
      schedule: components['schemas']['WeekSchedule']
      /**
       * Format: date-time
       * @description From this moment on; none means always.
       */
      valid_from?: string | null
      /**
       * Format: date-time
       * @description Until just before this moment; none means for ever.
       */
      valid_until?: string | null
      vehicle_colour?: components['schemas']['VehicleColour'] | null
      vehicle_type?: components['schemas']['VehicleType'] | null
    }
    /**
     * @description How far a clock can be trusted, as the API's document shows it.
     * @enum {string}
     */
    TimeQuality: 'unsynced' | 'hub' | 'ntp'
    /** @description What a log-in or a renewal gives. */
    Tokens: {
      /**
       * @description Goes into the header `Authorization: Bearer ...`.
       * @example eyJ0eXAiOiJhdCtqd3QiLCJhbGciOiJFZERTQSJ9.eyJpc3MiOiJnYXRld2FyZGVuLWh1YiJ9.c2lnbmF0dXJl
       */
      access_token: string
      /**
       * Format: int64
       * @description Seconds for which the access token holds.
       * @example 1800
       */
      expires_in: number
      /**
       * Format: int64
       * @description Seconds for which the refresh token holds.
       * @example 604800
       */
      refresh_expires_in: number
      /**
       * @description Brings the next tokens, once. One that comes a second time ends the log-in.
       * @example gwr_Zk3v9QadGhOqYFvJg1v3xqOQDHYh3yqgJ8yYdWq3uXo
       */
      refresh_token: string
      /**
       * @description Always `Bearer`.
       * @example Bearer
       */
      token_type: string
    }
    /** @description A password and a code, to turn the second factor off. */
    TurnOff: {
      /**
       * @description A code of the authenticator, or a recovery code.
       * @example 287082
       */
      code: string
      /**
       * @description The caller's password.
       * @example Correct-Horse-1
       */
      password: string
    }
    /** @description What was seen of a vehicle. */
    Vehicle: {
      colour?: components['schemas']['VehicleColour'] | null
      /**
       * Format: float
       * @description How likely the likeliest colour was, 0 to 1, said or not.
       * @example 0.81
       */
      colour_confidence: number
      type?: components['schemas']['VehicleType'] | null
      /**
       * Format: float
       * @description How likely the likeliest kind was, 0 to 1, said or not.
       * @example 0.93
       */
      type_confidence: number
    }
    /**
     * @description A vehicle's main colour, as the API's document shows it.
     * @enum {string}
     */
    VehicleColour: 'white' | 'grey' | 'black' | 'red' | 'blue' | 'green' | 'yellow' | 'brown'
    /** @description What a permit said of its vehicle, as far as it was contradicted. */
    VehicleMismatch: {
      colour?: components['schemas']['VehicleColour'] | null
      type?: components['schemas']['VehicleType'] | null
    }
    /**
     * @description What kind of vehicle, as the API's document shows it.
     * @enum {string}
     */
    VehicleType: 'car' | 'van' | 'truck' | 'bus' | 'motorcycle'
    /** @description A vehicle's stay at a site. */
    Visit: {
      corrected?: components['schemas']['Correction'] | null
      /**
       * Format: int64
       * @description How long it was there, in seconds, if both ends are known.
       */
      duration_s?: number | null
      /**
       * Format: date-time
       * @description When it came.
       */
      entered_at?: string | null
      /**
       * Format: uuid
       * @description The passage by which it came.
       */
      entry_passage?: string | null
      /**
       * Format: uuid
       * @description The passage by which it left.
       */
      exit_passage?: string | null
      /** @description Who holds the permit that let it in or out. */
      holder?: string | null
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /**
       * Format: date-time
       * @description When it left.
       */
      left_at?: string | null
      /**
       * @description The plate.
       * @example 1234BCD
       */
      plate: string
      /** @description Where. */
      site: components['schemas']['Named']
      /** @description Whether it goes on. */
      state: components['schemas']['VisitState']
    }
    /**
     * @description How a visit stands.
     * @enum {string}
     */
    VisitState: 'open' | 'closed' | 'unpaired'
    /** @description One webhook, without its secret. */
    Webhook: {
      /** @description When it was made. */
      created_at: components['schemas']['At']
      /**
       * Format: int64
       * @description Events that it did not take in time.
       * @example 0
       */
      dead_letters: number
      failing_since?: components['schemas']['At'] | null
      /**
       * Format: uuid
       * @description Its identity.
       */
      id: string
      /**
       * @description The kinds of events that it takes; null for all.
       * @example [
       *       "passage",
       *       "order"
       *     ]
       */
      kinds?: string[] | null
      /** @description Why the last attempt failed, or nothing. */
      last_error: string
      last_success_at?: components['schemas']['At'] | null
      /**
       * @description What it is for.
       * @example visitor screen
       */
      name: string
      next_attempt_at?: components['schemas']['At'] | null
      /** @description The sites whose events it takes; null for all, and for what is about no one site. */
      sites?: string[] | null
      /**
       * @description `on`, `paused`, or `failed`: given up after long failure.
       * @example on
       */
      state: string
      /**
       * @description Where it listens.
       * @example https://example.com/gatewarden
       */
      url: string
      /**
       * Format: int64
       * @description Events of the organisation that it has not got yet, those that it does not take among them.
       * @example 0
       */
      waiting: number
    }
    /** @description What a webhook is to be. */
    WebhookInput: {
      /**
       * @description The kinds of events that it takes; null for all.
       * @example [
       *       "passage"
       *     ]
       */
      kinds: string[] | null
      /**
       * @description What it is for.
       * @example visitor screen
       */
      name: string
      /**
       * @description Whether its events wait.
       * @example false
       */
      paused: boolean
      /**
       * @description The sites whose events it takes; null for all.
       * @example null
       */
      sites: string[] | null
      /**
       * @description Where it listens: `https://`, or `http://` in a network of `[outbound] allow`.
       * @example https://example.com/gatewarden
       */
      url: string
    }
    /** @description A webhook with its secret. This answer is the only one that has it. */
    WebhookMade: components['schemas']['Webhook'] & {
      /**
       * @description Verifies what the hub sends (docs/WEBHOOKS.md).
       * @example whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=
       */
      secret: string
    }
    /** @description When in the week a permit holds. No spans: always. */
    WeekSchedule: {
      /** @description The spans, in any order; they may overlap. */
      spans: components['schemas']['Span'][]
    }
  }
  responses: never
  parameters: never
  requestBodies: never
  headers: never
  pathItems: never
}
export type $defs = Record<string, never>
export interface operations {
  list_accounts: {
    parameters: {
      query?: {
        /** @description Where the page begins, from the page before. */
        cursor?: string
        /** @description 1 to 200 items; 50 if not given. */
        limit?: number
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Account']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  create_account: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['NewAccount']
      }
    }
    responses: {
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Account']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_account: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The account. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Account']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  change_account: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The account. */
        id: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['AccountChange']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Account']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  remove_account: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The account. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  reset_password: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The account. */
        id: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['NewPassword']
      }
    }
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  reset_second_factor: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The account. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  end_sessions: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The account. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_addresses: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['AddressList']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_audit: {
    parameters: {
      query?: {
        /** @description Where the page begins, from the page before. */
        cursor?: string
        /** @description 1 to 200 items; 50 if not given. */
        limit?: number
        /** @description Only this action. */
        action?: string
        /** @description Only this account. */
        account?: string
        /** @description Only what was done to this kind of thing: `permit`. */
        object_kind?: string
        /** @description Only what was done to the thing of this id. */
        object?: string
        /** @description Only from this address. */
        address?: string
        /** @description Not before. */
        from?: string
        /** @description Before. */
        until?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_AuditLine']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  count_audit: {
    parameters: {
      query: {
        /** @description `day`, `action` or `actor`. */
        by: 'day' | 'action' | 'actor'
        /** @description Only this action. */
        action?: string
        /** @description Only this account. */
        account?: string
        /** @description Only what was done to this kind of thing: `permit`. */
        object_kind?: string
        /** @description Only from this address. */
        address?: string
        /** @description Not before. */
        from?: string
        /** @description Before. */
        until?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['AuditCounts']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  export_audit: {
    parameters: {
      query: {
        /** @description `csv` or `jsonl`. */
        format: 'csv' | 'jsonl'
        /** @description Only this action. */
        action?: string
        /** @description Only this account. */
        account?: string
        /** @description Only what was done to this kind of thing: `permit`. */
        object_kind?: string
        /** @description Only what was done to the thing of this id. */
        object?: string
        /** @description Only from this address. */
        address?: string
        /** @description Not before. */
        from?: string
        /** @description Before. */
        until?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/csv': string
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  renew_tokens: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['Refresh']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Tokens']
        }
      }
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  revoke_tokens: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['Revoke']
      }
    }
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  issue_tokens: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['LogIn']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Tokens']
        }
      }
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      401: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_checklist: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Checklist']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_dashboard: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Dashboard']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_edges: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Edge']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_enrolments: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Enrolment']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  enrol_edge: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['NewEnrolment']
      }
    }
    responses: {
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['EnrolmentCode']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  retire_edge: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The edge. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_gates: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Gate']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_camera: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The gate. */
        id: string
        /**
         * @description The camera's name.
         * @example front
         */
        camera: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Camera']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  set_camera: {
    parameters: {
      query?: never
      header: {
        /**
         * @description The revision that is changed, as `ETag` gave it.
         * @example "3"
         */
        'If-Match': string
      }
      path: {
        /** @description The gate. */
        id: string
        /**
         * @description The camera's name.
         * @example front
         */
        camera: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['CameraSettings']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Camera']
        }
      }
      412: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_camera_history: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The gate. */
        id: string
        /**
         * @description The camera's name.
         * @example front
         */
        camera: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_CameraRevision']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  restore_camera: {
    parameters: {
      query?: never
      header: {
        /**
         * @description The revision that is changed, as `ETag` gave it.
         * @example "3"
         */
        'If-Match': string
      }
      path: {
        /** @description The gate. */
        id: string
        /**
         * @description The camera's name.
         * @example front
         */
        camera: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['RestoreCamera']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Camera']
        }
      }
      412: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_snapshot: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The gate. */
        id: string
        /**
         * @description The camera's name.
         * @example front
         */
        camera: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'image/jpeg': number[]
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_orders: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The gate. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Order']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  give_order: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The gate. */
        id: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['NewOrder']
      }
    }
    responses: {
      202: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Order']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_keys: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_ApiKey']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  create_key: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['NewApiKey']
      }
    }
    responses: {
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ApiKeyMade']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  revoke_key: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The key. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  follow_live: {
    parameters: {
      query?: never
      header?: {
        /** @description Resume after this event. */
        'Last-Event-ID'?: string | null
      }
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/event-stream': string
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_models: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_ModelOfEdge']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_mqtt: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Mqtt']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  set_mqtt: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['MqttInput']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Mqtt']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  remove_mqtt: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_occupancy: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Occupancy']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_passages: {
    parameters: {
      query?: {
        /** @description Where the page begins, from the page before. */
        cursor?: string
        /** @description 1 to 200 items; 50 if not given. */
        limit?: number
        /**
         * @description A plate or a part of one; blanks and dashes do not matter, the letter O and the digit 0 are the same. With
         *     `plate_match` `contains` it may have wildcards, and is then meant from the first character to the last: `*` stands
         *     for any characters, `?` for exactly one.
         * @example 12*BCD
         */
        plate?: string
        /** @description How `plate` is meant; `contains` if not given. */
        plate_match?: 'contains' | 'prefix' | 'exact' | 'fuzzy'
        /** @description With `plate_match` `fuzzy`: how many characters may be off, 1 or 2; 1 if not given. */
        off?: number
        /** @description Only this gate. */
        gate?: string
        /** @description Only this site. */
        site?: string
        /** @description Only this outcome. */
        outcome?: components['schemas']['Outcome']
        /** @description Only this reason. */
        reason?: components['schemas']['Reason']
        /** @description Only vehicles of this type. */
        vehicle_type?: components['schemas']['VehicleType']
        /** @description Only vehicles of this colour. */
        vehicle_colour?: components['schemas']['VehicleColour']
        /** @description Only vehicles that are, or are not, other than their permit says. */
        mismatch?: boolean
        /** @description Only those that came towards the camera, went away from it, or whose way was not clear. */
        heading?: 'approaching' | 'leaving' | 'unknown'
        /** @description Not before. */
        from?: string
        /** @description Before. */
        until?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Passage']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  count_passages: {
    parameters: {
      query?: {
        /**
         * @description A plate or a part of one; blanks and dashes do not matter, the letter O and the digit 0 are the same. With
         *     `plate_match` `contains` it may have wildcards, and is then meant from the first character to the last: `*` stands
         *     for any characters, `?` for exactly one.
         * @example 12*BCD
         */
        plate?: string
        /** @description How `plate` is meant; `contains` if not given. */
        plate_match?: 'contains' | 'prefix' | 'exact' | 'fuzzy'
        /** @description With `plate_match` `fuzzy`: how many characters may be off, 1 or 2; 1 if not given. */
        off?: number
        /** @description Only this gate. */
        gate?: string
        /** @description Only this site. */
        site?: string
        /** @description Only this outcome. */
        outcome?: components['schemas']['Outcome']
        /** @description Only this reason. */
        reason?: components['schemas']['Reason']
        /** @description Only vehicles of this type. */
        vehicle_type?: components['schemas']['VehicleType']
        /** @description Only vehicles of this colour. */
        vehicle_colour?: components['schemas']['VehicleColour']
        /** @description Only vehicles that are, or are not, other than their permit says. */
        mismatch?: boolean
        /** @description Only those that came towards the camera, went away from it, or whose way was not clear. */
        heading?: 'approaching' | 'leaving' | 'unknown'
        /** @description Not before. */
        from?: string
        /** @description Before. */
        until?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PassageCount']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  export_passages: {
    parameters: {
      query?: {
        /** @description As what; `csv` if not given. */
        format?: 'csv' | 'json' | 'jsonl'
        /**
         * @description A plate or a part of one; blanks and dashes do not matter, the letter O and the digit 0 are the same. With
         *     `plate_match` `contains` it may have wildcards, and is then meant from the first character to the last: `*` stands
         *     for any characters, `?` for exactly one.
         * @example 12*BCD
         */
        plate?: string
        /** @description How `plate` is meant; `contains` if not given. */
        plate_match?: 'contains' | 'prefix' | 'exact' | 'fuzzy'
        /** @description With `plate_match` `fuzzy`: how many characters may be off, 1 or 2; 1 if not given. */
        off?: number
        /** @description Only this gate. */
        gate?: string
        /** @description Only this site. */
        site?: string
        /** @description Only this outcome. */
        outcome?: components['schemas']['Outcome']
        /** @description Only this reason. */
        reason?: components['schemas']['Reason']
        /** @description Only vehicles of this type. */
        vehicle_type?: components['schemas']['VehicleType']
        /** @description Only vehicles of this colour. */
        vehicle_colour?: components['schemas']['VehicleColour']
        /** @description Only vehicles that are, or are not, other than their permit says. */
        mismatch?: boolean
        /** @description Only those that came towards the camera, went away from it, or whose way was not clear. */
        heading?: 'approaching' | 'leaving' | 'unknown'
        /** @description Not before. */
        from?: string
        /** @description Before. */
        until?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Passage'][]
          'application/x-ndjson': string
          /**
           * @example time,plate,outcome
           *     2026-01-31T12:30:00.000Z,1234BCD,open
           */
          'text/csv': string
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_searches: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_SavedSearch']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  keep_search: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['SavedSearchInput']
      }
    }
    responses: {
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['SavedSearch']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  change_search: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The search. */
        id: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['SavedSearchInput']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['SavedSearch']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  forget_search: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The search. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_passage: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The passage. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PassageDetail']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_picture: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The passage. */
        id: string
        /**
         * @description `frame` or `crop`.
         * @example crop
         */
        kind: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'image/jpeg': number[]
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_permits: {
    parameters: {
      query?: {
        /** @description Where the page begins, from the page before. */
        cursor?: string
        /** @description 1 to 200 items; 50 if not given. */
        limit?: number
        /** @description Only permits whose plate, holder or group holds this text. */
        plate?: string
        /** @description Withdrawn permits in place of those in force. */
        withdrawn?: boolean
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Permit']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  create_permit: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['PermitInput']
      }
    }
    responses: {
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Permit']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  export_permits: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/csv': string
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  import_permits: {
    parameters: {
      query?: {
        /** @description Only say what would happen. */
        dry_run?: boolean
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        /**
         * @example plate,holder,schedule
         *     1234BCD,Ana,Mon-Fri 08:00-18:00
         */
        'text/csv': string
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ImportResult']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  preview_permit: {
    parameters: {
      query: {
        /**
         * @description The plate that a permit shall let through; blanks, dots and dashes do not matter.
         * @example 1234 BCD
         */
        plate: string
        /** @description The permit that is being edited: it is left out of what the plate is compared with. */
        except?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['PermitPreview']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_permit: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The permit. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Permit']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  change_permit: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The permit. */
        id: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['PermitInput']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Permit']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  withdraw_permit: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The permit. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Permit']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  restore_permit: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The permit. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Permit']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_roles: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Role']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  create_role: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['RoleInput']
      }
    }
    responses: {
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Role']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  change_role: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The role. */
        id: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['RoleInput']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Role']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  remove_role: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The role. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_session: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Session']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  log_in: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['LogIn']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Session']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  log_out: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  change_password: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['PasswordChange']
      }
    }
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      429: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_preferences: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Preferences']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  set_preferences: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['Preferences']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Preferences']
        }
      }
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_second_factor: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['SecondFactorState']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  confirm_second_factor: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['Confirm']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['RecoveryCodes']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  begin_second_factor: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['Begin']
      }
    }
    responses: {
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['SecondFactorOffer']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  turn_second_factor_off: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['TurnOff']
      }
    }
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_sessions: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_SessionListed']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  end_session: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The log-in. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_setup: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['SetupState']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  set_up: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['SetupRequest']
      }
    }
    responses: {
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Session']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_sites: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Site']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_statistics: {
    parameters: {
      query?: {
        /** @description Only this site; every site within reach otherwise. */
        site?: string
        /** @description From this moment; a day before `until` if not given. */
        from?: components['schemas']['At']
        /** @description Until just before this moment; now if not given. */
        until?: components['schemas']['At']
        /** @description `hour` for up to 31 days, `day` for up to 366; what fits the range if not given. */
        step?: components['schemas']['Step']
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Statistics']
        }
      }
      400: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_visits: {
    parameters: {
      query?: {
        /** @description Where the page begins, from the page before. */
        cursor?: string
        /** @description 1 to 200 items; 50 if not given. */
        limit?: number
        /** @description Only this state. */
        state?: components['schemas']['VisitState']
        /** @description Only plates that hold these letters and digits. */
        plate?: string
      }
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Visit']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  open_visit: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['NewVisit']
      }
    }
    responses: {
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Visit']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  close_visit: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The visit. */
        id: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['CloseVisit']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Visit']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_webhooks: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Webhook']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  create_webhook: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['WebhookInput']
      }
    }
    responses: {
      201: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['WebhookMade']
        }
      }
      409: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_webhook: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The webhook. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Webhook']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  change_webhook: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The webhook. */
        id: string
      }
      cookie?: never
    }
    requestBody: {
      content: {
        'application/json': components['schemas']['WebhookInput']
      }
    }
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Webhook']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  remove_webhook: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The webhook. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      204: {
        headers: {
          [name: string]: unknown
        }
        content?: never
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_dead_letters: {
    parameters: {
      query?: {
        /** @description Where the page begins, from the page before. */
        cursor?: string
        /** @description 1 to 200 items; 50 if not given. */
        limit?: number
      }
      header?: never
      path: {
        /** @description The webhook. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_DeadLetter']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  replay_dead_letters: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The webhook. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Replayed']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  replay_dead_letter: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The webhook. */
        id: string
        /** @description The dead letter. */
        number: number
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Replayed']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  list_deliveries: {
    parameters: {
      query?: {
        /** @description Where the page begins, from the page before. */
        cursor?: string
        /** @description 1 to 200 items; 50 if not given. */
        limit?: number
      }
      header?: never
      path: {
        /** @description The webhook. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Page_Delivery']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  restore_webhook: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The webhook. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Webhook']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  renew_secret: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The webhook. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['WebhookMade']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  test_webhook: {
    parameters: {
      query?: never
      header?: never
      path: {
        /** @description The webhook. */
        id: string
      }
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Delivery']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_authority: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/x-x509-ca-cert': string
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_health: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Health']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_metrics: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'text/plain': string
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
  show_ready: {
    parameters: {
      query?: never
      header?: never
      path?: never
      cookie?: never
    }
    requestBody?: never
    responses: {
      200: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['Ready']
        }
      }
      /** @description A failure */
      default: {
        headers: {
          [name: string]: unknown
        }
        content: {
          'application/json': components['schemas']['ErrorBody']
        }
      }
    }
  }
}
