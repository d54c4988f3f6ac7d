import { describeFleetIsolation } from '../e2e/fleet-isolation-contract.ts'

describeFleetIsolation('simulated', ['kubeconfig'])
