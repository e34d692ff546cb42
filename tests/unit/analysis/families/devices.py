"""Phones and apps: an Android system log and a health app."""

from .corpus import Family

PHONE = Family(
    "phone",
    "03-17 16:13:3~small~.811  1702  2395 D PowerManagerService: ",
    (
        (150, 'acquire lock=~int~, flags=0x1, tag="View Lock", name=com.sample.systemui, ws=null, uid=~int~,'
              " pid=~int~"),
        (60, "acquire lock=~int~, flags=0x1, tag=RILJ_ACK_WL, name=com.sample.phone, ws=null, uid=~int~, pid=~int~"),
        (60, 'acquire lock=~int~, flags=0x1, tag="*launch*", name=android, ws=WorkSource{~int~}, uid=~int~,'
             " pid=~int~"),
        (150, 'release:lock=~int~, flg=0x0, tag="View Lock", name=com.sample.systemui", ws=null, uid=~int~,'
              " pid=~int~"),
        (60, 'release:lock=~int~, flg=0x0, tag="*launch*", name=android", ws=WorkSource{~int~}, uid=~int~,'
             " pid=~int~"),
        (120, "ready=~true|false~,policy=~small~,wakefulness=~small~,wksummary=~hex~,uasummary=~hex~,"
              "bootcompleted=~true|false~,boostinprogress=~true|false~,mode=~true|false~,manual=~int~,auto=-1,"
              "adj=~float~userId=~small~"),
        (120, "printFreezingDisplayLogsopening app wtoken = AppWindowToken{~hex7~ token=Token{~hex7~"
              " ActivityRecord{~hex7~ u0 ~package~/.activity.MainActivity t~int~}}}, allDrawn= ~true|false~,"
              " startingDisplayed =  ~true|false~, startingMoved =  ~true|false~, isRelaunching =  false"),
        (80, "Skipping AppWindowToken{~hex7~ token=Token{~hex7~ ActivityRecord{~hex7~ u0 ~package~/"
             ".activity.PlayerActivity t~int~}}} -- going to hide"),
        (80, "setSystemUiVisibility vis=~int~ mask=ffffffff oldVal=~int~ newVal=~int~ diff=~int~"
             " fullscreenStackVis=0 dockedStackVis=0, fullscreenStackBounds=Rect(0, 0 - 0, 0)"),
        (60, "userActivityNoUpdateLocked: eventTime=~int~, event=~small~, flags=0x0, uid=~int~"),
        (60, "HBM brightnessIn =~int~"),
        (60, "HBM brightnessOut =~int~"),
        (60, "Animating brightness: target=~int~, rate=~int~"),
        (60, "visible is system.time.showampm"),
        (60, "visible is system.charge.show"),
        (60, "visible is system.ownerinfo.show"),
        (60, "visible is system.call.count gt 0"),
        (40, "visible is system.message.count gt 0"),
        (60, "mVisiblity.getValue is false"),
        (30, "getRunningAppProcesses: caller ~int~ does not hold REAL_GET_TASKS; limiting output"),
        (30, "animateCollapsePanels:flags=~small~, force=false, delayed=false, mExpandedVisible=false"),
        (30, "cancelNotificationLocked:0|~package~|~int~|null|~int~"),
        (20, "Killing ~int~:~package~/u0a~int~ (adj ~int~): empty #~int~"),
        (20, "Start proc ~int~:~package~/u0a~int~ for broadcast ~package~/.receiver.BootReceiver"),
        (20, "unknown phone state"),
        (20, "screen_on"),
        (20, "screen_off"),
    ),
)

HEALTH = Family(
    "health-app",
    "20171223-22:15:29:~int~|Step_LSC|30002312|",
    (
        (250, "onStandStepChanged ~int~"),
        (250, "onExtend:~big~ ~int~ ~small~ ~small~"),
        (200, "getTodayTotalDetailSteps = ~big~##~steps~"),
        (200, "setTodayTotalDetailSteps=~big~##~steps~"),
        (120, "calculateCaloriesWithCache totalCalories=~int~"),
        (120, "calculateAltitudeWithCache totalAltitude=~int~"),
        (100, "REPORT : ~int~ ~int~ ~int~ ~int~"),
        (60, "processHandleBroadcastAction action:app.intent.action.SCREEN_ON"),
        (60, "processHandleBroadcastAction action:app.intent.action.SCREEN_OFF"),
        (60, "processHandleBroadcastAction action:app.intent.action.TIME_TICK"),
        (40, "onReceive action: app.intent.action.SCREEN_ON"),
        (40, "onReceive action: app.intent.action.SCREEN_OFF"),
        (60, "flush sensor data"),
        (30, "screen status unknown,think screen on"),
        (30, "saveHealthDetailData() saveOneDetailData fail hihealth result is ~int~ and type = ~int~"),
        (30, "insertHiHealthData() bulkSaveDetailHiHealthData fail errorCode = ~small~,errorMessage = ERR_DATA_INSERT"),
        (30, "upLoadOneMinuteDataToEngine time=~int~,0,0,0,0"),
        (30, "needAutoSync autoSyncSwitch is open"),
        (20, "checkInsertStatus stepsStat=~float~ steps"),
        (20, "readyBaseSteps: ~big~_~int~ ~small~"),
        (10, "initDataPrivacy the dataPrivacy is true"),
        (10, "registerSensor isSuccess=true"),
        (10, "Process to start stepCounter"),
    ),
)
