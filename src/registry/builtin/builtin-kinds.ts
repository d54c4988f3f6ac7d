import { horizontalPodAutoscalerKind } from './autoscaling/horizontal-pod-autoscaler/horizontal-pod-autoscaler.ts'
import type { BuiltinKind } from './builtin-kind.ts'
import { coreEventKind, eventKind } from './core/event/event.ts'

/** The code of all built-in kinds that have any. */
export const builtinKinds: readonly BuiltinKind[] = [coreEventKind, eventKind, horizontalPodAutoscalerKind]
