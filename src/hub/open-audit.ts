import { openAuditFile } from '../access/audit/audit-file.ts'
import { auditWrites, createAuditLog } from '../access/audit/audit-log.ts'
import type { RequestRecord } from '../apiserver/api-server.ts'
import type { Logger } from '../base/logger.ts'

/** Audit events into a file, from what the API server says of each request. Rejects when the file cannot be opened. */
export async function openAudit(
  path: string,
  logger: Logger,
  closers: (() => Promise<void> | void)[],
): Promise<(record: RequestRecord) => void> {
  const file = await openAuditFile(path, logger)
  closers.push(() => file.close())
  const log = createAuditLog({ levelOf: auditWrites, write: (line) => file.write(line) })
  return ({ auditId, request, attributes, createdName, user, impersonator, status, startedMs, durationMs }) =>
    log({
      auditId,
      request,
      attributes: attributes && createdName !== undefined ? { ...attributes, name: createdName } : attributes,
      user: impersonator ?? user,
      impersonated: impersonator && user,
      status,
      stage: attributes?.verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete',
      receivedAtMs: startedMs,
      atMs: startedMs + durationMs,
    })
}
