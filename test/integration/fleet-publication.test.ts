import { describeFleetPublication } from '../e2e/fleet-publication-contract.ts'

describeFleetPublication('simulated')
