import { describeFleetJoin } from '../e2e/fleet-join-contract.ts'

describeFleetJoin('simulated')
