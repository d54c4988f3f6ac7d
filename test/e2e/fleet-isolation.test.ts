import { joinModes } from '../support/fleet-world.ts'
import { describeFleetIsolation } from './fleet-isolation-contract.ts'

describeFleetIsolation('real', joinModes)
